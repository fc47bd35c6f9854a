import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("local", { from: 7, rounds: 4 });
