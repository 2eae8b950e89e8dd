// SPDX-License-Identifier: MIT
/* Gives a tar archive to the guest's reader, whole, and damaged in many ways, under the sanitizers.
 *
 * usage: archive_fuzz ARCHIVE ROUNDS
 *
 * The archive is that of the platforms' disks: five files with their sums, and one without. Deterministic: the same
 * arguments give the same damage.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int archive_fuzz_one(const uint8_t* disk, size_t sectors, unsigned found[5]);

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t rnd(uint64_t limit) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1du >> 16) % limit;
}

static uint8_t* disk;
static size_t sectors;

/* The sum of a header that was altered is put right more often than not, so that what it says is believed. */
static void mend(uint8_t* header) {
  unsigned sum = 8 * ' ';
  for (unsigned i = 0; i < 512; ++i) sum += i < 148 || i >= 156 ? header[i] : 0;
  snprintf((char*)header + 148, 8, "%06o", sum);
  header[155] = ' ';
}

static int is_header(const uint8_t* block) { return memcmp(block + 257, "ustar", 5) == 0; }

static void damage(uint8_t* copy, size_t n) {
  for (uint64_t hits = 1 + rnd(4); hits > 0; --hits) {
    uint8_t* block = copy + 512 * rnd(n);
    for (unsigned tries = 0; tries < 200 && !is_header(block) && rnd(8) != 0; ++tries) block = copy + 512 * rnd(n);
    const size_t at = rnd(4) == 0 ? 124 + rnd(12) : rnd(512);
    block[at] = rnd(2) == 0 ? (uint8_t)"01234567 \0\xff/"[rnd(12)] : (uint8_t)rnd(256);
    if (is_header(block) && rnd(4) != 0) mend(block);
  }
}

int main(int argc, char** argv) {
  if (argc != 3) return fprintf(stderr, "usage: archive_fuzz ARCHIVE ROUNDS\n"), 2;
  FILE* f = fopen(argv[1], "rb");
  if (f == NULL) return perror(argv[1]), 2;
  fseek(f, 0, SEEK_END);
  sectors = (size_t)ftell(f) / 512;
  rewind(f);
  disk = malloc(512 * sectors);
  if (fread(disk, 512, sectors, f) != sectors) return perror(argv[1]), 2;
  fclose(f);

  unsigned found[5];
  int ret = archive_fuzz_one(disk, sectors, found);
  if (ret != 0 || found[0] != 6 || found[1] != 5 || found[2] != 0 || found[3] != 0 || found[4] != 1) {
    return fprintf(stderr, "the whole archive: %d, %u files, %u right, %u wrong, %u missing, %u unlisted\n", ret, found[0],
                   found[1], found[2], found[3], found[4]),
           1;
  }
  unsigned long whole = 0, seen = 0, refused = 0;
  for (long round = atol(argv[2]); round > 0; --round) {
    /* Of exactly its size: a sector too far is seen. */
    const size_t n = rnd(4) == 0 ? 1 + rnd(sectors) : sectors;
    uint8_t* copy = malloc(512 * n);
    memcpy(copy, disk, 512 * n);
    damage(copy, n);
    ret = archive_fuzz_one(copy, n, found);
    if (ret != 0)
      ++refused;
    else if (found[1] == 5 && found[2] == 0 && found[3] == 0)
      ++whole;
    else
      ++seen;
    if (found[1] > 5 || found[1] + found[2] + found[4] > found[0]) return fprintf(stderr, "more sums than files\n"), 1;
    free(copy);
  }
  free(disk);
  printf("%lu archives refused, %lu with files that are wrong or missing, %lu with damage elsewhere\n", refused, seen, whole);
  return refused > 0 && seen > 0 && whole > 0 ? 0 : (fprintf(stderr, "the damage is of one kind\n"), 1);
}
