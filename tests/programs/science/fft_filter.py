"""A low-pass filter of a noisy signal: by FFT, and by a Butterworth filter."""
import hashlib

import numpy as np
from scipy import fft, signal

rng = np.random.default_rng(7)
t = np.arange(4096) / 512.0
clean = np.sin(2 * np.pi * 3 * t) + 0.5 * np.cos(2 * np.pi * 11 * t)
noisy = clean + rng.normal(0, 0.3, t.size)

spectrum = np.fft.rfft(noisy)
frequency = np.fft.rfftfreq(t.size, 1 / 512)
spectrum[frequency > 15] = 0
by_fft = np.fft.irfft(spectrum)

sections = signal.butter(4, 15, fs=512, output="sos")
by_butterworth = signal.sosfiltfilt(sections, noisy)
frequencies, power = signal.welch(noisy.astype(np.float32), fs=512, nperseg=512)

for result in (by_fft, by_butterworth, power, fft.dct(noisy), fft.fft2(noisy.reshape(64, 64)), signal.hilbert(clean)):
    print(result.dtype, hashlib.sha256(result.tobytes()).hexdigest(), float(np.abs(result).max()).hex())
print(float(np.sqrt(np.mean((by_fft - clean) ** 2))).hex(), frequencies[np.argmax(power)].hex())
