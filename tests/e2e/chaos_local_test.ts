import { chaosTests } from "../chaos/chaos_tests.ts";
import { amountOf } from "../support/amount.ts";

const rounds = amountOf("schedules of faults on this machine", { quick: 2, usual: 2, all: 4 });
chaosTests("local", { from: 5, rounds });
