import { chaosTests } from "../chaos/chaos_tests.ts";

// Schedules that once failed are among them, by their seeds.
chaosTests("local", { from: 7, rounds: 4 });
chaosTests("ssh-shared", { from: 15, rounds: 3 });
chaosTests("ssh", { from: 1, rounds: 3 });
