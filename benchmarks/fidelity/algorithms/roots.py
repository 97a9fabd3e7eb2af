"""Brent's method, as scipy.optimize.brentq iterates."""


def brent(fun, low, high, xtol, rtol=4 * 2.0**-52):
    """A root between low and high, where the signs of `fun` differ."""
    before, now, f_before, f_now = low, high, fun(low), fun(high)
    other, f_other, last, step = before, f_before, now - before, now - before
    for _ in range(100):
        if f_before * f_now < 0:
            other, f_other = before, f_before
            last = step = now - before
        if abs(f_other) < abs(f_now):
            before, now, other = now, other, now
            f_before, f_now, f_other = f_now, f_other, f_now
        delta = (xtol + rtol * abs(now)) / 2
        bisect = (other - now) / 2
        if f_now == 0 or abs(bisect) < delta:
            return now
        last, step = _next(before, now, other, f_before, f_now, f_other, last, step, delta, bisect)
        before, f_before = now, f_now
        now = now + (step if abs(step) > delta else delta if bisect > 0 else -delta)
        f_now = fun(now)
    return now


def _next(before, now, other, f_before, f_now, f_other, last, step, delta, bisect):
    """The last and the next step: interpolated when that is short enough, else half of the interval."""
    if abs(last) > delta and abs(f_now) < abs(f_before):
        if before == other:
            trial = -f_now * (now - before) / (f_now - f_before)
        else:
            slope = (f_before - f_now) / (before - now)
            slope_other = (f_other - f_now) / (other - now)
            trial = -f_now * (f_other * slope_other - f_before * slope) / (slope_other * slope * (f_other - f_before))
        if 2 * abs(trial) < min(abs(last), 3 * abs(bisect) - delta):
            return step, trial
    return bisect, bisect
