import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ACCURATE, limitWords, localSummary, summaryIn } from "../clusters/limits.ts";
import { mustRun, namesIn, nextstat, nsfarm, spec10k, start } from "../support/farm.ts";
import { inFolder, pause, until } from "../support/scratch.ts";
import { at } from "../support/toys.ts";
import { assertUserError } from "../support/user_error.ts";
import { wholeTest, writeWorkspace } from "../support/workspace.ts";

const limitArgs = (folder: string, config: string, more: string[] = []): string[] => [
  ...["limit", "run", "--workload", "hypotest-toys", "--config", config, "--mu", "0.75:1.75:0.25"],
  ...["--n-toys", "1000", "--shards", "4", "--threads", "1", "--nextstat-bin", nextstat()],
  ...["--out-root", join(folder, "limits"), "--limit-id", "l", ...more],
];

interface Summary {
  points: { mu: number; n_toys: number; cls: number; asymptotic: { cls: number } | null }[];
  limit: { value: number; error: number; between: [number, number] };
  is_accurate: boolean | null;
  n_toys: number;
  caveats: { fixed_auxiliary: unknown };
  report: string;
}

const summaryOf = async (folder: string, args: string[]): Promise<Summary> =>
  JSON.parse((await mustRun(folder, [...args, "--json"])).stdout);

Deno.test("limit run gives the crossing with its error, the points of nextstat's own runs, and the asymptotic ones beside it", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const found = await summaryOf(folder, limitArgs(folder, config));
    assert.equal(found.n_toys, 5000);
    const [from, to] = found.limit.between;
    assert.deepEqual([found.limit.value > from, found.limit.value < to, to - from], [true, true, 0.25]);
    assert(found.limit.error > 0 && Math.abs(found.limit.value - 1.185) < 5 * found.limit.error);
    for (const [i, { mu, cls, asymptotic }] of found.points.entries()) {
      const seed = `${42 + i * 100_000}`;
      const whole = await wholeTest(folder, "hypotest-toys", config, [
        "--mu",
        `${mu}`,
        "--n-toys",
        "1000",
        "--seed",
        seed,
      ]);
      assert.equal(cls, at(whole, "cls"));
      assert(asymptotic !== null);
    }
    const page = await readFile(found.report, "utf8");
    assert.match(page, /data-figure="cls"/);
    assert.match(page, /<span>upper limit by toys; [^<]*auxiliary data fixed<\/span>/);
    assert.deepEqual(found.caveats.fixed_auxiliary, { parameters: ["uncorr"] });
    const { stdout } = await mustRun(folder, [
      "limit",
      "summarize",
      "--limit-json",
      join(folder, "limits", "l.limit.json"),
    ]);
    assert.match(
      stdout,
      /^upper limit at 95 % CL: 1\.\d+ ± 0\.\d+ \([^)]*auxiliary data fixed\), by 1000 toys of each hypothesis at each of mu = \S+ and \S+; 5000 over all points\n(the .+\n)+asymptotic: 1\.01/,
    );
  }));

Deno.test("with --accuracy only points near the limit get more toys, at most --max-toys, and a killed limit ends with the same result", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const args = limitArgs(folder, config, ["--accuracy", "0.015", "--max-toys", "60000"]);
    const whole = await summaryOf(folder, args);
    assert(whole.is_accurate && whole.limit.error <= 0.015 && whole.n_toys <= 60_000);
    const more = whole.points.filter(({ n_toys }) => n_toys > 1000).map(({ mu }) => mu);
    assert(more.length > 0 && more.every((mu) => mu >= 1 && mu <= 1.5), `${more}`);

    const again = args.map((word) => word === join(folder, "limits") ? join(folder, "again") : word);
    for (let kills = 0; kills < 3; kills++) {
      const limit = start(folder, again);
      const before = (await namesIn(join(folder, "again")).catch(() => [])).length;
      await until(
        "it has begun",
        async () => (await namesIn(join(folder, "again")).catch(() => [])).length >= Math.min(before + 2, 6),
      );
      await new Promise((resolve) => setTimeout(resolve, 300 * kills));
      limit.kill("SIGKILL");
      await limit.ended;
    }
    const resumed = await summaryOf(folder, again);
    assert.deepEqual(
      resumed.points.map(({ cls, n_toys }) => [cls, n_toys]),
      whole.points.map(({ cls, n_toys }) => [cls, n_toys]),
    );
    assert.deepEqual(resumed.limit, whole.limit);
  }));

Deno.test("a limit whose points lie on one side of 1 - CL names the direction, and bad input is refused", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const words = limitArgs(folder, config).map((word) => word === "0.75:1.75:0.25" ? "0.1,0.2" : word);
    const { stdout } = await mustRun(folder, words, 6);
    assert.match(stdout, /^no upper limit: CLs is above 0\.05 at all points: test values of mu above 0\.2/);
    const grid = limitArgs(folder, config).map((word) => word === "0.75:1.75:0.25" ? "0:1" : word);
    assertUserError(await nsfarm(folder, grid), { code: 2, line: /Cannot use --mu "0:1": wanted three numbers/ });
    const cl = limitArgs(folder, config, ["--cl", "95"]);
    assertUserError(await nsfarm(folder, cl), {
      code: 2,
      line: /Cannot use --cl "95": wanted a number between 0 and 1/,
    });
    const other = words.map((word) => word === "1000" ? "1001" : word);
    assertUserError(await nsfarm(folder, other), {
      code: 2,
      line: /with the limit "[^"]+": it has --n-toys 1000, you gave 1001/,
    });
  }));

Deno.test("two commands of the same limit at the same time make it once: both end with the result of one alone", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const wanted = await localSummary(folder, config);
    for (const delay_ms of [0, 700]) {
      const words = limitWords(config, nextstat(), join(folder, `two ${delay_ms}`));
      const both = ["limit", "run", ...words, ...ACCURATE, "--json"];
      const first = start(folder, both);
      await pause(delay_ms);
      for (const ran of [await nsfarm(folder, both), await first.ended]) {
        assert.equal(ran.code, 0, ran.stderr);
        assert.deepEqual(summaryIn(ran.stdout), wanted);
      }
    }
  }));

Deno.test("a limit of negative values, of a spec of another kind, or of a POI that is nothing's name, is refused before anything is written", () =>
  inFolder(async (folder) => {
    const config = await writeWorkspace(folder);
    const nobody = join(folder, "nobody.json");
    await writeFile(nobody, (await readFile(config, "utf8")).replace('"poi":"mu"', '"poi":"nobody"'));
    const given = (changes: Record<string, string>) => {
      const words = limitArgs(folder, config);
      return words.map((word, i) => changes[words[i - 1] ?? ""] ?? word);
    };
    const refused: [Record<string, string>, number, RegExp][] = [
      [{ "--mu": "-1,0,1" }, 2, /Cannot use --mu "-1,0,1": wanted values of 0 or more/],
      [{ "--config": spec10k() }, 3, /Cannot use ".*" with hypotest-toys: it is an unbinned spec/],
      [{ "--workload": "unbinned-hypotest-toys" }, 3, /Cannot use ".*" with unbinned-hypotest-toys: it is a workspace/],
      [{ "--config": nobody }, 3, /Cannot use ".*" with hypotest-toys: its POI "nobody" is no modifier/],
      [{ "--limit-id": "a b" }, 2, /Cannot use --limit-id "a b"/],
    ];
    const before = await namesIn(folder);
    for (const [changes, code, line] of refused) {
      const words = given(changes);
      const mu = words.indexOf("--mu");
      words.splice(mu, 2, `--mu=${words[mu + 1]}`);
      assertUserError(await nsfarm(folder, words), { code, line });
    }
    assert.deepEqual(await namesIn(folder), before);
  }));
