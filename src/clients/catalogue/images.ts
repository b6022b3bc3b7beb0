/** Which C library well-known images carry. All from memory, but for `debian-12`, whose glibc was recorded. */

export interface Image {
  /** As a scenario may name it in place of the library. */
  readonly name: string;
  readonly resolver: string;
}

export const IMAGES: readonly Image[] = [
  { name: 'alpine-3.3', resolver: 'musl-1.1.12' },
  { name: 'alpine-3.4', resolver: 'musl-1.1.14' },
  { name: 'alpine-3.5', resolver: 'musl-1.1.15' },
  { name: 'alpine-3.6', resolver: 'musl-1.1.16' },
  { name: 'alpine-3.7', resolver: 'musl-1.1.18' },
  { name: 'alpine-3.8', resolver: 'musl-1.1.19' },
  { name: 'alpine-3.9', resolver: 'musl-1.1.20' },
  { name: 'alpine-3.10', resolver: 'musl-1.1.22' },
  { name: 'alpine-3.11', resolver: 'musl-1.1.24' },
  { name: 'alpine-3.12', resolver: 'musl-1.1.24' },
  { name: 'alpine-3.13', resolver: 'musl-1.2.2' },
  { name: 'alpine-3.14', resolver: 'musl-1.2.2' },
  { name: 'alpine-3.15', resolver: 'musl-1.2.2' },
  { name: 'alpine-3.16', resolver: 'musl-1.2.3' },
  { name: 'alpine-3.17', resolver: 'musl-1.2.3' },
  { name: 'alpine-3.18', resolver: 'musl-1.2.4' },
  { name: 'alpine-3.19', resolver: 'musl-1.2.4' },
  { name: 'alpine-3.20', resolver: 'musl-1.2.5' },
  { name: 'alpine-3.21', resolver: 'musl-1.2.5' },
  { name: 'alpine-3.22', resolver: 'musl-1.2.5' },
  { name: 'debian-8', resolver: 'glibc-2.19' },
  { name: 'debian-9', resolver: 'glibc-2.24' },
  { name: 'debian-10', resolver: 'glibc-2.28' },
  { name: 'debian-11', resolver: 'glibc-2.31' },
  { name: 'debian-12', resolver: 'glibc-2.36' },
  { name: 'debian-13', resolver: 'glibc-2.41' },
  { name: 'ubuntu-16.04', resolver: 'glibc-2.23' },
  { name: 'ubuntu-18.04', resolver: 'glibc-2.27' },
  { name: 'ubuntu-20.04', resolver: 'glibc-2.31' },
  { name: 'ubuntu-22.04', resolver: 'glibc-2.35' },
  { name: 'ubuntu-24.04', resolver: 'glibc-2.39' },
  { name: 'centos-6', resolver: 'glibc-2.12' },
  { name: 'centos-7', resolver: 'glibc-2.17' },
  { name: 'centos-8', resolver: 'glibc-2.28' },
];
