// slow: 30 random schedules of faults on each scheduler take an hour
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("Random faults that come together end in a whole run", "slurm", { from: 4000, rounds: 30 });
chaosTests("Random faults that come together end in a whole run", "slurm", { from: 39, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "slurm-pilots", { from: 5000, rounds: 30 });
chaosTests("Random faults that come together end in a whole run", "htcondor", { from: 6000, rounds: 30 });
chaosTests("Random faults that come together end in a whole run", "htcondor", { from: 10, rounds: 1 });
chaosTests("Random faults that come together end in a whole run", "htcondor-transfer", { from: 7000, rounds: 30 });
chaosTests("Random faults that come together end in a whole run", "gridengine", { from: 8000, rounds: 30 });
