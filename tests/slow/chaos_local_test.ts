// slow: 200 random schedules of faults on this machine take 25 minutes
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("Random faults that come together end in a whole run", "local", { from: 1000, rounds: 200 });
