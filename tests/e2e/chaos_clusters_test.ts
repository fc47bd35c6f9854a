import { chaosTests } from "../chaos/chaos_tests.ts";

// Seeds of schedules with a dead node, which once left a loop's file behind.
chaosTests("Random faults that come together end in a whole run", "slurm-pilots", { from: 6, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "slurm", { from: 2, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "htcondor", { from: 2, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "htcondor-transfer", { from: 3, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "gridengine", { from: 3, rounds: 1 });
