import assert from "node:assert/strict";
import type { OptionValue } from "../../../core/schema/manifest.ts";
import htcondor from "../../../schedulers/htcondor.ts";
import { HTCONDOR_OPTIONS } from "../../../schedulers/htcondor/options.ts";
import { exampleContext, exampleManifest, TOKEN } from "../../fixtures/context.ts";

const contextWith = (...lines: string[]) =>
  exampleContext(exampleManifest(4, { mode: "transfer", wrapper: "sh" }), { options: { "condor-line": lines } });

const TAKEN = [
  '+JobFlavour = "longlunch"',
  "MY.SendCredential = True",
  "use_oauth_services = x",
  "priority = 5",
  "+MaxRuntime = 7200",
  '+Shard = "$(nsfarm_shard) of $ENV(HOME)"',
  'environment = "A=$$(Arch)"',
  'some_future_command = "anything" + 3',
];

Deno.test("lines of a user are in both submit files and in the submission, after our commands and before queue", () => {
  const context = contextWith(...TAKEN);
  const { files, chunks } = htcondor.render(context);
  for (const name of ["condor_job.sub", "condor_job_transfer.sub"]) {
    const lines = (files.find(({ path }) => path === name)?.text ?? "").split("\n");
    const places = TAKEN.map((line) => lines.indexOf(line));
    assert.ok(places.every((at) => at > lines.findIndex((line) => line.startsWith("periodic_remove"))), name);
    assert.ok(places.every((at) => at < lines.findIndex((line) => line.startsWith("queue "))), name);
  }
  const [chunk] = chunks;
  assert.ok(chunk);
  const { argv } = htcondor.submit(context, chunk, TOKEN);
  for (const line of TAKEN) assert.equal(argv[argv.indexOf(line) - 1], "-append");
});

Deno.test("the job that finishes a run has these lines too, since the site may refuse jobs without them", () => {
  const { files } = htcondor.finish(contextWith('+JobFlavour = "longlunch"'), [], TOKEN);
  assert.match(files.map(({ text }) => text).join(""), /^\+JobFlavour = "longlunch"$/m);
});

/** The commands that a rendered file sets, read back from it. */
function written(): string[] {
  const options: Record<string, OptionValue> = { env: ["A"] };
  for (const { name, type, role } of HTCONDOR_OPTIONS) {
    if (type === "integer") options[name] = 1;
    if (type === "string") options[name] = role === "time" ? "1:00" : "true";
  }
  const { files } = htcondor.render(
    exampleContext(exampleManifest(4, { mode: "transfer", wrapper: "sh" }), { options }),
  );
  const texts = files.filter(({ path }) => path.endsWith(".sub")).map(({ text }) => text);
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/^([\w.]+) *=/gm)].map(([, key = ""]) => key)))];
}

Deno.test("each command that a rendered file sets is refused, in any spelling, also as an attribute", () => {
  assert.ok(written().length >= 26, `only ${written().length} commands were found: this test has gone blind`);
  for (const key of written()) {
    const bare = key.replace(/^My\./, "");
    const spellings = [key, key.toUpperCase(), `MY.${bare}`, `+${bare}`, bare.replaceAll("_", "")];
    for (const name of spellings) assert.throws(() => htcondor.render(contextWith(`${name} = 1`)), /itself/, name);
  }
});

for (
  const key of [
    ...[
      "queue",
      "if",
      "include",
      "use",
      "ClusterId",
      "ProcId",
      "DOLLAR",
      "nsfarm_shard",
      "JobUniverse",
      "+Cmd",
      "args",
    ],
    ...[
      "arguments2",
      "Iwd",
      "UserLog",
      "log_xml",
      "stdout",
      "Err",
      "TransferInput",
    ],
    ...["transfer_output_remaps", "JobBatchName", "+RequestCpus", "+JobMaterializeLimit", "periodic_remove", "getenv"],
  ]
) {
  Deno.test(`the line "${key} = 1" is refused: it would replace or break a line of ours`, () => {
    assert.throws(
      () => htcondor.render(contextWith(`${key} = 1`)),
      /Cannot use --condor-line '.*': (nsfarm-deno sets|.* begins a statement)/,
    );
  });
}

Deno.test("a refused line that has an option names it", () => {
  const fault = (line: string) => {
    try {
      htcondor.render(contextWith(line));
    } catch (error) {
      return error;
    }
  };
  for (const { native, name } of HTCONDOR_OPTIONS.filter((option) => /^\w+$/.test(option.native ?? ""))) {
    assert.deepEqual(Reflect.get(Object(fault(`${native} = 1`)), "next"), `Use --${name}`);
  }
});

for (
  const [line, why] of [
    ["+JobFlavour", /wanted KEY = VALUE/],
    ["+JobFlavour =", /wanted KEY = VALUE/],
    ["= 3", /wanted KEY = VALUE/],
    ["queue 10", /wanted KEY = VALUE/],
    ["include : /etc/passwd", /wanted KEY = VALUE/],
    ["-JobFlavour = 3", /wanted KEY = VALUE/],
    ["A.B = 3", /wanted KEY = VALUE/],
    ["x @= end", /wanted KEY = VALUE/],
    ["+X = 1\nqueue 10", /one line without control characters/],
    ["+X = 1\u2028queue 10", /one line without control characters/],
    ["+X = 1 \\", /backslash/],
    ["+X = $(y", /no closing \)/],
    ["x = $ENV(HOME", /no closing \)/],
    ['+X = "longlunch', /no closing "/],
  ] as const
) {
  Deno.test(`the line ${JSON.stringify(line)} is refused with its reason`, () => {
    assert.throws(() => htcondor.render(contextWith(line)), why);
  });
}

Deno.test("a text without quotes is an attribute's name to HTCondor: render warns, and names the line", () => {
  const warnings = (line: string) => htcondor.render(contextWith(line)).warnings;
  assert.match(warnings("+JobFlavour = longlunch").join(), /'\+JobFlavour = longlunch': .*quotes: "longlunch"/);
  for (const line of ["MY.SendCredential = True", "use_oauth_services = x", "+X = 3", '+X = "a"']) {
    assert.deepEqual(warnings(line), []);
  }
});
