import { chaosTests } from "../chaos/chaos_tests.ts";

// Seeds of short schedules that differ: a dead scheduler and a dead node, held and requeued jobs, all at once. Arrays of
// Slurm, jobs of HTCondor that see the run directory and Grid Engine are tests/slow's.
chaosTests("slurm-pilots", { from: 18, rounds: 1 });
chaosTests("htcondor-transfer", { from: 44, rounds: 1 });
