import { steeringTests } from "../clusters/steering.ts";
import { userFarm } from "../clusters/user_farm.ts";
import { inFolder } from "../support/scratch.ts";
import { standIn } from "../support/stand_in.ts";

steeringTests("this machine", (name, work) =>
  Deno.test(name, () =>
    inFolder((folder) =>
      work({
        ...userFarm("local", folder, {}, (...argv) => argv),
        words: ["--local-slots", "2"],
        slots: 2,
        fit: (behaviour) => standIn(folder, behaviour),
      })
    )));
