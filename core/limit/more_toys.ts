import type { Crossing } from "./crossing.ts";

interface MoreToys {
  /** Position of the point. */
  point: number;
  n_toys: number;
}

/** A round asks for at most this factor of a point's toys: the error that it goes by is itself only estimated. */
const MAX_GROWTH = 4;

/** A smaller addition costs more in jobs than it brings. */
const MIN_GROWTH = 0.1;

/**
 * Returns the toys that bring the error of a limit below the wanted one, at least in total: the variance that a point
 * causes falls with its toys, so a point gets toys by the root of what it causes (Neyman, J. R. Stat. Soc. 97 (1934)
 * 558). Points that do not enclose the limit get none. Empty: it is accurate, or no toys are left.
 * @param toys of each point
 * @param left toys that may still be added, over all points
 */
export function moreToys(
  { error, causes }: Pick<Crossing, "error" | "causes">,
  accuracy: number,
  toys: readonly number[],
  left: number,
): MoreToys[] {
  if (error <= accuracy) return [];
  // Variance of one toy: what a point causes times its toys.
  const unit = causes.map(([point, variance]) => ({
    point,
    now: toys[point] ?? 0,
    std: Math.sqrt(variance * (toys[point] ?? 0)),
  }));
  const total = unit.reduce((sum, { std }) => sum + std, 0);
  const wanted = unit.map(({ point, now, std }) => {
    const needed = std * total / accuracy ** 2;
    const n_toys = Math.min(Math.max(needed - now, MIN_GROWTH * now), MAX_GROWTH * now);
    return { point, n_toys: std > 0 ? Math.ceil(n_toys) : 0 };
  });
  const sum = wanted.reduce((all, { n_toys }) => all + n_toys, 0);
  const share = Math.min(1, left / sum);
  return wanted.map(({ point, n_toys }) => ({ point, n_toys: Math.floor(n_toys * share) }))
    .filter(({ n_toys }) => n_toys > 0);
}
