/**
 * Who we say we are in an association and in file meta information (PS3.7 D.3.3.2, PS3.10 7.1).
 * The UID is made from a UUID of the project's own (PS3.5 B.2), once and for all.
 */
export const implementationClassUid = '2.25.128008524835532567512999169023020999796';

/** At most 16 characters (VR SH). */
export const implementationVersionName = 'EDGE_SYNC_0_1';
