// slow: 100 random schedules of faults on ssh hosts that share no disk take 25 minutes
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("ssh", { from: 3000, rounds: 100 });
