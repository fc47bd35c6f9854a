/** Types of file systems, and what they mean for a run directory. */

/** Who sees a file: `shared` every machine that mounts it, `local` this machine, `memory` this one until a reboot. */
type SeenBy = "shared" | "local" | "memory" | "unknown";

export interface FileSystem {
  /** Name, such as NFS; null: not in the table. */
  name: string | null;
  seen_by: SeenBy;
}

/** Names by statfs(2)'s f_type (its man page, linux/magic.h, and the clients' own sources for Lustre, GPFS and BeeGFS). */
const TYPES: Record<number, readonly [string, SeenBy]> = {
  0x6969: ["NFS", "shared"],
  0x0bd00bd0: ["Lustre", "shared"],
  0x47504653: ["GPFS", "shared"],
  0x19830326: ["BeeGFS", "shared"],
  0x00c36400: ["CephFS", "shared"],
  0xaad7aaea: ["PanFS", "shared"],
  0x20030528: ["OrangeFS", "shared"],
  0x5346414f: ["AFS", "shared"],
  0x6b414653: ["AFS", "shared"],
  0xff534d42: ["CIFS", "shared"],
  0xfe534d42: ["SMB", "shared"],
  0x517b: ["SMB", "shared"],
  0x01021997: ["9P", "shared"],
  0x65735546: ["FUSE", "unknown"],
  0xef53: ["ext4", "local"],
  0x58465342: ["XFS", "local"],
  0x9123683e: ["Btrfs", "local"],
  0x2fc12fc1: ["ZFS", "local"],
  0xf2f52010: ["F2FS", "local"],
  0x794c7630: ["overlay", "local"],
  0x01021994: ["tmpfs", "memory"],
  0x858458f6: ["ramfs", "memory"],
};

/** Returns the file system with this f_type of statfs(2), which some architectures sign-extend. */
export function fileSystemOf(type: number | bigint): FileSystem {
  const [name = null, seen_by = "unknown"] = TYPES[Number(BigInt.asUintN(32, BigInt(type)))] ?? [];
  return { name, seen_by };
}

const MEANING: Record<SeenBy, string> = {
  shared: "shared with each machine that mounts it",
  local: "of this machine: others see it only if they mount it from here",
  memory: "in this machine's memory: others do not see it, and a reboot empties it",
  unknown: "check that all machines see it",
};

/** NFS clients keep answers for up to a minute (acregmax, acdirmax of nfs(5)). */
const NFS = "NFS, shared: other machines may see a new file up to a minute late, which a run waits for";

export function describeFileSystem({ name, seen_by }: FileSystem): string {
  return name === "NFS" ? NFS : `${name ?? "unknown file system"}, ${MEANING[seen_by]}`;
}
