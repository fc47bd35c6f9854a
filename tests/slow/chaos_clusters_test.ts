// slow: 30 random schedules of faults on each scheduler take an hour
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("slurm", { from: 4000, rounds: 30 });
chaosTests("slurm", { from: 39, rounds: 1 });
chaosTests("slurm-pilots", { from: 5000, rounds: 30 });
chaosTests("htcondor", { from: 6000, rounds: 30 });
chaosTests("htcondor", { from: 10, rounds: 1 });
chaosTests("htcondor-transfer", { from: 7000, rounds: 30 });
chaosTests("gridengine", { from: 8000, rounds: 30 });
chaosTests("gridengine", { from: 49, rounds: 1 });
