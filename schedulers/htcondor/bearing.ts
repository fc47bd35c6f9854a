import { jobTag } from "../job_name.ts";
import { adString } from "./submit_value.ts";

/** Which jobs are a submission's: an attribute of ours, that nothing else sets. */
export const bearing = (token: string): string => `NsfarmToken =?= ${adString(jobTag(token))}`;
