"""Fits toys of its own of an unbinned spec by Minuit, from many starts each.

Usage: minuit_toys.py SPEC MU TOYS STARTS SEED; prints mean, its error and the share at zero of mu as JSON.
"""
import json
import math
import sys

import numpy as np
from iminuit import Minuit

spec = json.load(open(sys.argv[1]))
mu, n_toys, n_starts, seed = float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
random = np.random.default_rng(seed)
parameters = spec["model"]["parameters"]
names = [one["name"] for one in parameters]
index = {name: i for i, name in enumerate(names)}
poi = index[spec["model"]["poi"]]
truth = np.array([one["init"] for one in parameters], float)
truth[poi] = mu
bounds = [one["bounds"] for one in parameters]


def normal_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def density(pdf, values, x, lo, hi):
    """The density of a process, normalized between the bounds."""
    p = [values[index[name]] for name in pdf["params"]]
    if pdf["type"] == "gaussian":
        norm = normal_cdf((hi - p[0]) / p[1]) - normal_cdf((lo - p[0]) / p[1])
        return np.exp(-0.5 * ((x - p[0]) / p[1]) ** 2) / (p[1] * np.sqrt(2 * np.pi) * max(norm, 1e-300))
    if pdf["type"] == "exponential":
        a = p[0] if abs(p[0]) > 1e-12 else 1e-12
        return np.exp(a * (x - lo)) * a / np.expm1(a * (hi - lo))
    t = (2 * x - lo - hi) / (hi - lo)
    shape, area = 1 + p[0] * t, 2.0
    if len(p) > 1:
        shape, area = shape + p[1] * (2 * t * t - 1), area - 2 * p[1] / 3
    return shape / area * 2 / (hi - lo)


def expected(one, values):
    if one["type"] == "fixed":
        return one["value"]
    if one["type"] == "parameter":
        return values[index[one["name"]]]
    return one["base_yield"] * values[index[one["scale"]]]


def draw(pdf, values, n, lo, hi):
    grid = np.linspace(lo, hi, 4001)
    top = density(pdf, values, grid, lo, hi).max() * 1.02
    kept = np.empty(0)
    while len(kept) < n:
        x = random.uniform(lo, hi, 4096)
        kept = np.append(kept, x[random.uniform(0, top, 4096) < density(pdf, values, x, lo, hi)])
    return kept[:n]


channels = [(one["processes"], *one["observables"][0]["bounds"]) for one in spec["channels"]]


def toy():
    return [
        np.concatenate([
            draw(process["pdf"], truth, random.poisson(expected(process["yield"], truth)), lo, hi)
            for process in processes
        ])
        for processes, lo, hi in channels
    ]


def nll_of(data):
    def nll(values):
        total = 0.0
        for x, (processes, lo, hi) in zip(data, channels):
            rate = np.zeros(len(x))
            for process in processes:
                events = expected(process["yield"], values)
                total += events
                if events > 0:
                    rate += events * density(process["pdf"], values, x, lo, hi)
            total -= np.log(np.maximum(rate, 1e-300)).sum()
        return total
    return nll


def start(i):
    """The truth first, then drawn points: small signals, any place, widths and other scales in the logarithm."""
    if i == 0:
        return np.clip(truth + (np.arange(len(truth)) == poi) * 0.1, *np.array(bounds).T)
    values = truth.copy()
    for process in (one for processes, _, _ in channels for one in processes):
        if process["pdf"]["type"] == "gaussian":
            mean, sigma = (index[name] for name in process["pdf"]["params"])
            values[mean] = random.uniform(*bounds[mean])
            values[sigma] = np.exp(random.uniform(*np.log(bounds[sigma])))
    values[poi] = np.exp(random.uniform(np.log(0.02), np.log(1.5)))
    return values


found = []
for _ in range(n_toys):
    nll = nll_of(toy())
    best = (np.inf, np.nan)
    for i in range(n_starts):
        fit = Minuit(nll, start(i), name=names)
        fit.errordef = 0.5
        fit.strategy = 0
        fit.limits = bounds
        fit.migrad()
        # At a limit Minuit's own transformation slows it: it is helped by a second pass.
        if not fit.valid:
            fit.migrad()
        if fit.fval < best[0]:
            best = (fit.fval, fit.values[poi])
    found.append(best[1])
found = np.array(found)
print(json.dumps({
    "mean": found.mean(),
    "error": found.std() / np.sqrt(n_toys),
    "at_zero": float((found < 1e-3).mean()),
}))
