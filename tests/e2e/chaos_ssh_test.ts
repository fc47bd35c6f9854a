import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("Random faults that come together end in a whole run", "ssh", { from: 8, rounds: 2 });
