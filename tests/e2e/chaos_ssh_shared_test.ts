import { chaosTests } from "../chaos/chaos_tests.ts";
import { amountOf } from "../support/amount.ts";

const rounds = amountOf("schedules of faults on ssh hosts with one file system", { quick: 1, usual: 1, all: 2 });
chaosTests("ssh-shared", { from: 41, rounds });
