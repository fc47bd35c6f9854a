import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("ssh", { from: 1, rounds: 2 });
