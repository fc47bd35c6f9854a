import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("ssh-shared", { from: 15, rounds: 2 });
