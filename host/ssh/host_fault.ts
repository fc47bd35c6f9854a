/** Why a host cannot be used now, in words for the user. */
export class HostFault extends Error {}
