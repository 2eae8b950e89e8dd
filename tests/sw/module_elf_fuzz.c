// SPDX-License-Identifier: MIT
/* Mutates module files and gives them to the guest's checks, under the sanitizers.
 *
 * usage: module_elf_fuzz ROUNDS FILE.ko...
 *
 * Deterministic: the same arguments give the same files. Prints how many were accepted and refused.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int module_fuzz_one(const uint8_t* data, size_t size);
int module_fuzz_kernel(const uint8_t* data, size_t size);

static uint64_t state = 0x9e3779b97f4a7c15u;

static uint64_t rnd(uint64_t limit) {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * 0x2545f4914f6cdd1du >> 16) % limit;
}

static uint64_t le(const uint8_t* p, size_t n) {
  uint64_t v = 0;
  while (n--) v = v << 8 | p[n];
  return v;
}

/* Values that sit at the edges of checks. */
static uint64_t edge(size_t size) {
  static const uint64_t values[] = {0, 1, 2, 3, 4, 7, 8, 24, 63, 64, 0xff00, 0xfff1, 0xfff2, 0xffff, 0x7fffffff,
                                    0x80000000, 0xffffffff, UINT64_MAX, UINT64_MAX - 7, (uint64_t)1 << 63};
  const uint64_t pick = rnd(sizeof(values) / sizeof(values[0]) + 3);
  if (pick < sizeof(values) / sizeof(values[0])) return values[pick];
  return pick % 2 ? size - rnd(65) : rnd(size + 64);
}

/* Where a change matters: ELF header, section headers, or a table that they name. */
static size_t place(const uint8_t* data, size_t size) {
  const uint64_t shoff = le(data + 0x28, 8), shnum = le(data + 0x3c, 2);
  if (shoff >= size || shnum == 0 || shoff + shnum * 64 > size) return (size_t)rnd(size);
  const uint64_t what = rnd(10);
  if (what == 0) return (size_t)rnd(64);
  const uint8_t* header = data + shoff + 64 * rnd(shnum);
  if (what < 5) return (size_t)(header - data) + (size_t)rnd(64);
  const uint64_t offset = le(header + 24, 8), length = le(header + 32, 8);
  if (offset >= size || length == 0 || length > size - offset) return (size_t)rnd(size);
  return (size_t)(offset + rnd(length));
}

static void mutate(uint8_t* data, size_t* size) {
  for (uint64_t n = 1 + rnd(4); n > 0; --n) {
    const size_t at = place(data, *size), width = (size_t)1 << rnd(4);
    const size_t aligned = at & ~(width - 1);
    uint64_t value = rnd(3) == 0 ? rnd(UINT64_MAX) : edge(*size);
    if (rnd(40) == 0 && *size > 65) {
      *size = 64 + (size_t)rnd(*size - 64);
      continue;
    }
    for (size_t i = 0; i < width && aligned + i < *size; ++i, value >>= 8) data[aligned + i] = (uint8_t)value;
  }
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s ROUNDS FILE.ko...\n", argv[0]);
    return 2;
  }
  const long rounds = atol(argv[1]);
  unsigned long accepted = 0, refused = 0;
  for (int f = 2; f < argc; ++f) {
    FILE* file = fopen(argv[f], "rb");
    if (!file) {
      perror(argv[f]);
      return 2;
    }
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t* original = malloc(size);
    if (fread(original, 1, size, file) != size) return 2;
    fclose(file);
    if (!module_fuzz_kernel(original, size) || !module_fuzz_one(original, size)) {
      fprintf(stderr, "%s: the undamaged file is refused\n", argv[f]);
      return 1;
    }
    for (long i = 0; i < rounds; ++i) {
      size_t length = size;
      /* A heap block of exactly this size: a byte too far is seen. */
      uint8_t* copy = malloc(size);
      memcpy(copy, original, size);
      mutate(copy, &length);
      uint8_t* exact = malloc(length);
      memcpy(exact, copy, length);
      free(copy);
      if (module_fuzz_one(exact, length))
        accepted++;
      else
        refused++;
      free(exact);
    }
    free(original);
  }
  printf("%lu accepted, %lu refused\n", accepted, refused);
  return refused > 0 && accepted > 0 ? 0 : 1;
}
