import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("Random faults that come together end in a whole run", "ssh-shared", { from: 41, rounds: 2 });
