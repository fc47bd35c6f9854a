import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("Random faults that come together end in a whole run", "local", { from: 5, rounds: 4 });
