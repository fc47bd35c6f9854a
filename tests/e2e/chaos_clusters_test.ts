import { chaosTests } from "../chaos/chaos_tests.ts";

// Seeds of schedules with a dead node, which once left a loop's file behind.
chaosTests("slurm-pilots", { from: 6, rounds: 1 });
chaosTests("slurm", { from: 2, rounds: 1 });
chaosTests("htcondor", { from: 2, rounds: 1 });
chaosTests("htcondor-transfer", { from: 3, rounds: 1 });
chaosTests("gridengine", { from: 3, rounds: 1 });
