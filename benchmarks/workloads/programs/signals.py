"""Signals and samples: filters, spectra, the frames of a film; then distributions, density estimates and tests."""

import hashlib

import numpy as np
from scipy import fft, ndimage, signal, stats


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(np.abs(values))).hex())


rng = np.random.default_rng(8)
rate = 1000.0
t = np.arange(60_000) / rate
tone = signal.chirp(t, 5, t[-1], 120) + 0.5 * np.sin(2 * np.pi * 50 * t) + rng.normal(0, 0.4, t.size)

for design in (signal.butter, signal.bessel):
    for cutoff in (20, 60):
        sections = design(6, cutoff, fs=rate, output="sos")
        show(f"{design.__name__} {cutoff}", signal.sosfiltfilt(sections, tone))
notch = signal.iirnotch(50, 30, fs=rate)
taps = signal.firwin(201, [10, 80], fs=rate, pass_zero=False)
clean = signal.filtfilt(*notch, tone)
show("notch", clean)
show("fir", signal.oaconvolve(clean, taps, mode="same"))
show("savgol", signal.savgol_filter(clean, 31, 3))
show("envelope", np.abs(signal.hilbert(clean)))
show("resampled", signal.resample_poly(clean, 3, 7))
peaks, found = signal.find_peaks(clean, prominence=1.5, distance=8)
print("peaks", len(peaks), float(found["prominences"].sum()).hex())
frequencies, power = signal.welch(tone, rate, nperseg=2048)
show("welch", power)
window = signal.ShortTimeFFT(signal.windows.hann(256), hop=64, fs=rate)
show("short time", window.istft(window.stft(tone), k1=tone.size))
show("cosines", fft.dct(tone.reshape(60, 1000), norm="ortho"))
system = signal.TransferFunction([1.0], [1.0, 0.4, 25.0])
show("step", signal.step(system, T=np.linspace(0, 20, 2000))[1])

# Frames of a film: each is filtered, sharpened and measured.
y, x = np.mgrid[-1:1:128j, -1:1:128j]
for frame in range(40):
    picture = np.exp(-40 * ((x - 0.02 * frame + 0.4) ** 2 + y**2)) + 0.1 * rng.normal(size=x.shape)
    spectrum = fft.fftshift(fft.fft2(picture))
    smooth = fft.ifft2(fft.ifftshift(spectrum * (np.hypot(x, y) < 0.3))).real
    edges = np.hypot(ndimage.sobel(smooth, 0), ndimage.sobel(smooth, 1))
    labels, count = ndimage.label(smooth > 0.5)
    centre = ndimage.center_of_mass(smooth, labels, 1)
    if frame % 8 == 0:
        blurred = ndimage.gaussian_filter(edges, 2)
        print("frame", frame, count, *(float(c).hex() for c in (*centre, blurred.max())))

sample = stats.gamma.rvs(2.5, scale=1.7, size=2000, random_state=rng)
for distribution in (stats.gamma, stats.lognorm, stats.weibull_min):
    fitted = distribution.fit(sample, floc=0)
    check = stats.kstest(sample, distribution.cdf, args=fitted)
    print(distribution.name, *(float(p).hex() for p in fitted), float(check.pvalue).hex())
density = stats.gaussian_kde(sample)
show("density", density(np.linspace(0, 15, 1500)))
print("mass", float(density.integrate_box_1d(1, 5)).hex())
first, second = sample[:900], sample[900:1700] + 0.15
for test in (stats.ttest_ind, stats.mannwhitneyu, stats.ks_2samp, stats.f_oneway, stats.levene):
    print(test.__name__, *(float(value).hex() for value in test(first, second)[:2]))
resampled = stats.bootstrap((sample[:300],), np.median, n_resamples=2000, rng=np.random.default_rng(9))
print("bootstrap", *(float(end).hex() for end in resampled.confidence_interval))
shuffled = stats.permutation_test(
    (first[:60], second[:60]), lambda a, b: a.mean() - b.mean(), n_resamples=3000, rng=np.random.default_rng(10)
)
print("permutation", float(shuffled.pvalue).hex())
print("sobol", float(stats.qmc.discrepancy(stats.qmc.Sobol(4, rng=np.random.default_rng(12)).random(512))).hex())
