// slow: 200 random schedules of faults on this machine and 100 on each kind of ssh host take 80 minutes
import { chaosTests } from "../chaos/chaos_tests.ts";

chaosTests("local", { from: 1000, rounds: 200 });
chaosTests("ssh-shared", { from: 2000, rounds: 100 });
chaosTests("ssh", { from: 3000, rounds: 100 });
