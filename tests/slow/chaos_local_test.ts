// slow: 200 random schedules of faults on this machine take 25 minutes
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("local", { from: 1000, rounds: 200 });
