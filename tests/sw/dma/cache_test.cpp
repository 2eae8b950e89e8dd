// The guest's cache maintenance for devices that do not snoop, with a cache that does what the architecture
// allows at the worst moments: lines come in and go out whenever nobody forbids it (DDI 0487, caches and
// memory hierarchy).
extern "C" {
#include <cacheflush.h>
#include <dma-mapping.h>
void dma_cache_for_device(void* mem, size_t size);
void dma_cache_for_cpu(void* mem, size_t size, enum dma_data_direction dir);
}

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>

namespace {

constexpr size_t kLine = 64;
constexpr size_t kLines = 16;
constexpr size_t kBytes = kLine * kLines;

struct Line {
  bool valid = false;
  bool dirty = false;
  std::array<u8, kLine> data{};
};

// Addresses of the guest's code name places here; what is stored at them is never used.
alignas(kLine) u8 space[kBytes];
std::array<u8, kBytes> memory;
std::array<Line, kLines> cache;

void fill(size_t line) {
  if (cache[line].valid) return;
  std::copy_n(memory.begin() + static_cast<long>(line * kLine), kLine, cache[line].data.begin());
  cache[line].valid = true;
  cache[line].dirty = false;
}

void clean(size_t line) {
  if (cache[line].valid && cache[line].dirty) {
    std::copy(cache[line].data.begin(), cache[line].data.end(),
              memory.begin() + static_cast<long>(line * kLine));
  }
  cache[line].dirty = false;
}

void evict(size_t line) {
  clean(line);
  cache[line].valid = false;
}

void cpu_write(size_t at, u8 value) {
  fill(at / kLine);
  cache[at / kLine].data[at % kLine] = value;
  cache[at / kLine].dirty = true;
}

u8 cpu_read(size_t at) {
  fill(at / kLine);
  return cache[at / kLine].data[at % kLine];
}

size_t offset(const void* addr) { return static_cast<size_t>(static_cast<const u8*>(addr) - space); }

template <typename F>
void for_lines(const void* addr, size_t size, F f) {
  for (size_t line = offset(addr) / kLine; line * kLine < offset(addr) + size; ++line) f(line);
}

// Each line may come in or go out.
void anything(std::mt19937& random) {
  for (size_t line = 0; line < kLines; ++line) {
    if (random() % 2) evict(line);
    if (random() % 2) fill(line);
  }
}

struct Buffer {
  size_t at, size;
  bool has(size_t i) const { return i >= at && i < at + size; }
};

Buffer some_buffer(std::mt19937& random) {
  const size_t at = random() % (kBytes - 1);
  const size_t most = random() % 3 ? kBytes - at : std::min<size_t>(kBytes - at, kLine);
  return {at, random() % most + 1};
}

struct DmaCache : ::testing::Test {
  // All of memory is written by the CPU, at random, and so partly dirty.
  void scribble() {
    for (size_t i = 0; i < kBytes; ++i) {
      written[i] = static_cast<u8>(random());
      cpu_write(i, written[i]);
    }
    anything(random);
  }
  void SetUp() override { cache = {}; }
  std::mt19937 random{3};
  std::array<u8, kBytes> written{};
};

TEST_F(DmaCache, DeviceReadsWhatTheCpuWrote) {
  for (int round = 0; round < 3000; ++round) {
    scribble();
    const Buffer b = some_buffer(random);
    dma_cache_for_device(space + b.at, b.size);
    for (size_t i = b.at; i < b.at + b.size; ++i) ASSERT_EQ(memory[i], written[i]) << "round " << round;
    dma_cache_for_cpu(space + b.at, b.size, DMA_TO_DEVICE);
    for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(cpu_read(i), written[i]) << "round " << round;
  }
}

TEST_F(DmaCache, CpuReadsWhatTheDeviceWroteAndItsOwnAround) {
  for (int round = 0; round < 3000; ++round) {
    scribble();
    const Buffer b = some_buffer(random);
    // What the device leaves alone in its buffer stays too.
    const size_t writes = random() % 2 ? b.size : random() % b.size;
    dma_cache_for_device(space + b.at, b.size);
    anything(random);
    for (size_t i = b.at; i < b.at + writes; ++i) memory[i] = written[i] = static_cast<u8>(random());
    anything(random);
    dma_cache_for_cpu(space + b.at, b.size, round % 2 ? DMA_FROM_DEVICE : DMA_BIDIRECTIONAL);
    anything(random);
    for (size_t i = 0; i < kBytes; ++i) {
      ASSERT_EQ(cpu_read(i), written[i])
          << "round " << round << " byte " << i << (b.has(i) ? " in" : " beside") << " a buffer of " << b.size
          << " bytes at " << b.at;
    }
  }
}

TEST_F(DmaCache, WhatTheCpuWritesBesideTheBufferIsKept) {
  for (int round = 0; round < 3000; ++round) {
    scribble();
    const Buffer b = some_buffer(random);
    dma_cache_for_device(space + b.at, b.size);
    for (size_t line = 0; line < kLines; ++line) evict(line);
    for (size_t i = b.at; i < b.at + b.size; ++i) memory[i] = written[i] = static_cast<u8>(random());
    // The lines come in with what the device wrote, and become dirty.
    for (size_t i = 0; i < kBytes; ++i) {
      if (!b.has(i)) cpu_write(i, written[i] = static_cast<u8>(random()));
    }
    dma_cache_for_cpu(space + b.at, b.size, DMA_FROM_DEVICE);
    for (size_t i = 0; i < kBytes; ++i) {
      ASSERT_EQ(cpu_read(i), written[i])
          << "round " << round << " byte " << i << (b.has(i) ? " in" : " beside");
    }
  }
}

}  // namespace

extern "C" {
unsigned long dcache_line_size(void) { return kLine; }
void dcache_clean_poc(const void* addr, size_t size) { for_lines(addr, size, clean); }
void dcache_clean_inval_poc(const void* addr, size_t size) { for_lines(addr, size, evict); }
void dcache_inval_poc(const void* addr, size_t size) {
  EXPECT_EQ(offset(addr) % kLine, 0U) << "a line of others would be lost";
  EXPECT_EQ(size % kLine, 0U) << "a line of others would be lost";
  for_lines(addr, size, [](size_t line) { cache[line].valid = false; });
}
}
