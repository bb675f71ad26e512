/** Whether a folder lies on a drive of this PC or on the network. */
import { realpath, statfs } from 'node:fs/promises';

export type DriveKind = 'local' | 'network';

/** `statfs` types of Linux (linux/magic.h) whose files other machines can change, or whose server can vanish. */
const networkTypes: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x517b, // SMB
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x65735546, // FUSE: sshfs, rclone, davfs; also NTFS by ntfs-3g, which loses nothing by it
  0x01021997, // 9P
  0x00c36400, // Ceph
  0x5346414f, // AFS
  0x6b414653, // kAFS
  0x564c, // NCP
  0x73757245, // Coda
  0x786f4256, // VirtualBox shared folder
]);

/** Asks the file system; rejects as it does. Call it with a deadline. */
export async function driveKindOf(path: string): Promise<DriveKind> {
  const real = await realpath(path);
  const { type } = await statfs(real);
  return driveKind(process.platform, real, type);
}

/**
 * Linux by the file system's type; Windows by the name (a mapped letter resolves to `\\server\share`); macOS by the
 * place where everything but the system's own disk is mounted.
 */
export function driveKind(platform: NodeJS.Platform, realPath: string, type: number): DriveKind {
  switch (platform) {
    case 'win32':
      return realPath.startsWith('\\\\') && !/^\\\\[?.]\\[A-Za-z]:/.test(realPath) ? 'network' : 'local';
    case 'darwin':
      return realPath.startsWith('/Volumes/') ? 'network' : 'local';
    default:
      return networkTypes.has(type >>> 0) ? 'network' : 'local';
  }
}
