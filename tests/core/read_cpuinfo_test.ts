import assert from "node:assert/strict";
import { readCpuinfo } from "../../runtime/system/machine.ts";

const core = (processor: number, socket: number, id: number) =>
  `processor\t: ${processor}\nmodel name\t: AMD EPYC 7763 64-Core Processor\nphysical id\t: ${socket}\ncore id\t\t: ${id}\n\n`;

Deno.test("two threads of one core are one physical CPU, the same core id of two sockets is two", () => {
  assert.deepEqual(readCpuinfo(core(0, 0, 0) + core(1, 0, 0) + core(2, 0, 1) + core(3, 1, 0)), {
    cpu_model: "AMD EPYC 7763 64-Core Processor",
    cpus_logical: 4,
    cpus_physical: 3,
  });
});

Deno.test("every CPU counts as a core if the kernel names no cores, as on arm64", () => {
  const text = "processor\t: 0\nCPU part\t: 0xd0c\n\nprocessor\t: 1\nCPU part\t: 0xd0c\n";
  assert.deepEqual(readCpuinfo(text), { cpu_model: "0xd0c", cpus_logical: 2, cpus_physical: 2 });
});

Deno.test("a text without facts gives unknown", () => {
  assert.deepEqual(readCpuinfo(""), { cpu_model: null, cpus_logical: null, cpus_physical: null });
});
