// slow: 100 random schedules of faults on ssh hosts that share the run directory take 25 minutes
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("ssh-shared", { from: 2000, rounds: 100 });
