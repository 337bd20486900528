import type {QueryPermission} from '../../node/swarm/local-network/local-network-access.ts';

declare global {
  interface Permissions {
    /** The DOM library has not heard of the newest names. */
    query(descriptor: {readonly name: string}): Promise<PermissionStatus>;
  }
}

/** Asks this browser. One that does not know a permission says so by an error. */
export const queryPermission: QueryPermission = async (name) => {
  try {
    const {state} = await navigator.permissions.query({name});
    return state;
  } catch {
    return null;
  }
};
