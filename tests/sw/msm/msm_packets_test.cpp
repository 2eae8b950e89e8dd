// Packets of the guest's Adreno driver, and where they are written (docs/adreno.md, "Packets").
#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <vector>

extern "C" {
#include <msm-pm4.h>
}

namespace {

std::vector<u32> packet(void (*write)(msm_stream*)) {
  std::vector<u32> words(64, 0xcccccccc);
  msm_stream s;
  msm_stream_init(&s, words.data(), 64);
  write(&s);
  EXPECT_FALSE(s.overflow);
  words.resize(s.at);
  return words;
}

// Headers that decoders of freedreno show in public traces.
TEST(Packets, HaveTheHeadersOfPublicTraces) {
  EXPECT_EQ(msm_type7(CP_NOP, 3), 0x70108003u);
  EXPECT_EQ(msm_type7(CP_WAIT_FOR_IDLE, 0), 0x70268000u);
  EXPECT_EQ(msm_type7(CP_INDIRECT_BUFFER, 3), 0x70bf8003u);
  EXPECT_EQ(msm_type7(CP_EVENT_WRITE, 4), 0x70460004u);
  EXPECT_EQ(msm_type4(0x883, 1), 0x48088301u) << "CP_SCRATCH0";
}

TEST(Packets, HaveAnOddNumberOfOnesInEachFieldAndItsParity) {
  for (u32 opcode = 0; opcode < 0x80; ++opcode) {
    for (const u32 count : {0u, 1u, 2u, 3u, 0x1234u, 0x3fffu}) {
      const u32 header = msm_type7(opcode, count);
      EXPECT_EQ(header >> 28, 7u);
      EXPECT_EQ(header >> 16 & 0x7f, opcode);
      EXPECT_EQ(header & 0x3fff, count);
      EXPECT_EQ(header & 0x0f004000, 0u) << "reserved bits";
      EXPECT_EQ(std::popcount(header & 0x00ff0000) % 2, 1) << std::hex << header;
      EXPECT_EQ(std::popcount(header & 0x0000ffff) % 2, 1) << std::hex << header;
    }
  }
  for (u32 reg = 0; reg < 0x40000; reg += 0x111) {
    for (u32 count = 0; count < 0x80; ++count) {
      const u32 header = msm_type4(reg, count);
      EXPECT_EQ(header >> 28, 4u);
      EXPECT_EQ(header >> 8 & 0x3ffff, reg);
      EXPECT_EQ(header & 0x7f, count);
      EXPECT_EQ(header & 0x04000000, 0u) << "reserved bit";
      EXPECT_EQ(std::popcount(header & 0x0bffff00) % 2, 1) << std::hex << header;
      EXPECT_EQ(std::popcount(header & 0x000000ff) % 2, 1) << std::hex << header;
    }
  }
}

TEST(Packets, HoldTheirWordsInTheOrderOfTheSheet) {
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_indirect_buffer(s, 0x123456789a8, 0x55); }),
            (std::vector<u32>{0x70bf8003, 0x456789a8, 0x123, 0x55}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_fence(s, 0xffff000000002004, 9); }),
            (std::vector<u32>{0x70460004, 0x80000004, 0x2004, 0xffff0000, 9}))
      << "IRQ and CACHE_FLUSH_TS";
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_table_update(s, 0x987654321000, 0x1234, 2); }),
            (std::vector<u32>{msm_type7(0x53, 4), 0x54321000, 0x12349876, 0, 2}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_mem_write1(s, 0x1000, 7); }),
            (std::vector<u32>{msm_type7(0x3d, 3), 0x1000, 0, 7}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_memcpy(s, 0x100002000, 0x3000, 5); }),
            (std::vector<u32>{msm_type7(0x75, 5), 5, 0x3000, 0, 0x2000, 1}))
      << "source, then destination";
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_add64(s, 0x10, 0x20, 0x30); }),
            (std::vector<u32>{msm_type7(0x73, 7), 1u << 29, 0x10, 0, 0x20, 0, 0x30, 0}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_reg_to_mem(s, 0x40, 0x883, 2); }),
            (std::vector<u32>{msm_type7(0x3e, 3), 0x883 | 2u << 18, 0x40, 0}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_wait_mem(s, 0x50, MSM_EQUAL, 3, 0xff); }),
            (std::vector<u32>{msm_type7(0x3c, 6), 0x13, 0x50, 0, 3, 0xff, 256}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_protected_mode(s, true); }),
            (std::vector<u32>{msm_type7(0x5f, 1), 1}));
  EXPECT_EQ(packet([](msm_stream* s) { msm_pkt_reg_write(s, 0x884, 6); }),
            (std::vector<u32>{msm_type4(0x884, 1), 6}));
}

TEST(Ring, HasRoomForAllButOneOfItsWords) {
  EXPECT_EQ(msm_ring_room(16, 0, 0), 15u) << "empty";
  EXPECT_EQ(msm_ring_room(16, 1, 0), 0u) << "full";
  EXPECT_EQ(msm_ring_room(16, 0, 15), 0u) << "full";
  EXPECT_EQ(msm_ring_room(16, 3, 14), 4u);
  EXPECT_EQ(msm_ring_room(16, 14, 3), 10u);
}

TEST(Ring, HasNoRoomWhereAPointerIsBeyondIt) {
  EXPECT_EQ(msm_ring_room(16, 16, 3), 0u);
  EXPECT_EQ(msm_ring_room(16, 3, 16), 0u);
  EXPECT_EQ(msm_ring_room(16, ~0u, 3), 0u);
  EXPECT_EQ(msm_ring_room(0, 0, 0), 0u);
}

// A reader that follows never sees a word that is not there, nor misses one.
TEST(Ring, GivesAReaderWhatIsWrittenHoweverBothMove) {
  constexpr u32 kSize = 32;
  std::mt19937 rng(1);
  std::vector<u32> words(kSize);
  msm_stream s;
  msm_stream_init(&s, words.data(), kSize);
  u32 rptr = 0, next = 1, expected = 1;
  for (int step = 0; step < 20000; ++step) {
    s.room = msm_ring_room(kSize, rptr, s.at);
    for (unsigned long n = rng() % 12; n-- && s.room != 0;) msm_out(&s, next++);
    EXPECT_FALSE(s.overflow);
    for (unsigned long n = rng() % 12; n-- && rptr != s.at; rptr = (rptr + 1) % kSize)
      ASSERT_EQ(words[rptr], expected++);
  }
  EXPECT_GT(expected, 50000u);
}

TEST(Stream, WritesNothingBehindItsEndAndSaysSo) {
  std::vector<u32> words(8, 0xcccccccc);
  msm_stream s;
  msm_stream_init(&s, words.data(), 7);
  msm_pkt_memcpy(&s, 0, 0, 1);
  EXPECT_FALSE(s.overflow);
  msm_pkt_reg_write(&s, 0x883, 1);
  EXPECT_TRUE(s.overflow);
  EXPECT_EQ(words[7], 0xccccccccu);
}

}  // namespace
