/** Made-up toys: each follows from its seed alone. */

/** One toy, as its seed makes it. */
export interface Toy {
  converged: boolean | null;
  poi_hat: number | null;
  poi_sigma: number | null;
  nll: number | null;
}

export function toyOf(seed: number, pulls: boolean, faults: boolean): Toy {
  const draw = drawer(seed);
  const kind = faults ? draw() : 1;
  if (kind < 0.1) return { converged: null, poi_hat: null, poi_sigma: null, nll: null };
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const [poi_hat, nll] = [1 + 0.025 * normal(), -43_000 + 300 * normal()];
  return { converged: kind >= 0.2, poi_hat, poi_sigma: pulls ? 0.025 + 1e-4 * normal() : 0, nll };
}

/** splitmix32 (public domain, Sebastiano Vigna's splitmix64 cut to 32 bits): uniform in [0, 1). */
function drawer(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    const high = (z ^ (z >>> 15)) >>> 0;
    return (high + (Math.imul(high, 0x85ebca6b) >>> 0) / 2 ** 32) / 2 ** 32;
  };
}
