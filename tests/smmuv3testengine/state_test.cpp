// Saved states, and what no driver does.
#include <algorithm>
#include <string>
#include <utility>

#include "core_fixture.h"

namespace smmuvp {
namespace {

TEST_F(EngineCoreTest, AnArchiveTakenAtAnyAccessContinues) {
  fill_memory(0x10000, 0x3000);
  for (const std::uint32_t command : {MEMCPY, RAND48, SUM64}) {
    for (const std::uint32_t s : {0U, 9U}) {
      std::vector<std::uint8_t> expected;
      for (unsigned stop = 0; stop < 24; ++stop) {
        std::memset(&memory[0x40000], 0, 0x3000);
        dev.reset();
        const bool fills = command == RAND48;
        set_up(7, fills ? 0x40000 : 0x10000, fills ? 0x42fff : 0x12fff, 1, s);
        put(7, udata0, 0x40000, 8);
        put(7, msiaddress, 0x80040, 8);
        put(7, cmd, command);
        run(stop);
        DmaOperation lost;
        DmaBuffer buffer;
        if (stop % 2 == 1) dev.next(0, lost, buffer);  // an access is out: it is given anew
        const auto saved = test::save(dev);
        run();
        dev.reset();
        ASSERT_EQ(test::load(dev, saved), "") << command << " " << stop;
        ASSERT_EQ(test::save(dev), saved);
        run();
        EXPECT_EQ(get(7, cmd), HALTED);
        EXPECT_EQ(get(7, launched), get(7, returned));
        std::vector<std::uint8_t> now(memory.begin() + 0x40000, memory.begin() + 0x43000);
        for (unsigned k = 0; k < 8; ++k) now.push_back(static_cast<std::uint8_t>(get(7, udata1 + k, 1)));
        if (stop == 0) expected = now;
        EXPECT_EQ(now, expected) << command << " " << s << " " << stop;
      }
    }
  }
}

TEST_F(EngineCoreTest, AnAccessThatTheOwnerStillHasIsNotGivenAnew) {
  set_up(3, 0x10000, 0x11fff);
  put(3, cmd, SUM64);
  DmaOperation out;
  DmaBuffer buffer{};
  ASSERT_TRUE(dev.next(0, out, buffer));
  const auto saved = test::save(dev);
  dev.reset();
  ASSERT_EQ(test::load(dev, saved), "");
  EXPECT_TRUE(dev.resume(out));
  EXPECT_FALSE(dev.has_work(0));
  dev.complete(out, DmaResponse::Ok, buffer);
  EXPECT_EQ(run(), 1U);
  ASSERT_EQ(test::load(dev, saved), "");
  DmaOperation other = out;
  other.length = 1;
  EXPECT_FALSE(dev.resume(other));
  other.epoch += dev.frames();
  EXPECT_TRUE(dev.resume(other)) << "overtaken by a reset: nobody's";
}

TEST_F(EngineCoreTest, ADamagedArchiveIsRefusedAndLeavesAnEngineAtRest) {
  set_up(3, 0x10000, 0x12fff, 1, 4);
  put(3, msiaddress, 0x80040, 8);
  put(3, cmd, SUM64);
  set_up(600, 0x10000, 0x12fff);
  put(600, udata0, 0x40000, 8);
  put(600, cmd, MEMCPY);
  run(5);
  const auto saved = test::save(dev);
  for (std::size_t n = 0; n < saved.size(); n += 9973) {
    EXPECT_NE(test::load(dev, {saved.begin(), saved.begin() + static_cast<std::ptrdiff_t>(n)}), "");
  }
  // The frames at work are at the end.
  test::Random random(1);
  unsigned refused = 0;
  for (int i = 0; i < 200; ++i) {
    auto broken = saved;
    broken[broken.size() - 1 - random.below(700)] ^= static_cast<std::uint8_t>(1 + random.below(255));
    if (test::load(dev, broken) != "") {
      ++refused;
      ASSERT_FALSE(dev.has_work(0));
      ASSERT_EQ(get(3, cmd), HALTED);
      ASSERT_EQ(test::load(dev, test::save(dev)), "") << "what it is left as can be saved";
    }
    run(200);
  }
  EXPECT_GT(refused, 50U);
}

TEST_F(EngineCoreTest, AnArchiveWhoseFrameRunsWithoutWorkIsRefused) {
  auto saved = test::save(dev);
  const std::string name = "cmd_n";
  const auto at = std::search(saved.begin(), saved.end(), name.begin(), name.end());
  ASSERT_NE(at, saved.end());
  const auto value = std::find(at, at + 16, std::uint8_t{HALTED});  // of frame 0, behind its name
  ASSERT_NE(value, at + 16);
  *value = SUM64;
  EXPECT_NE(test::load(dev, saved).find("cmd says otherwise"), std::string::npos);
  EXPECT_EQ(get(0, cmd), HALTED);
}

TEST_F(EngineCoreTest, RandomAccessesNeverLeadOutsideTheRules) {
  test::Random random(11);
  DmaOperation a;
  DmaBuffer buffer{};
  std::vector<std::pair<std::uint32_t, DmaOperation>> out;
  for (int i = 0; i < 300'000; ++i) {
    const auto f = static_cast<std::uint32_t>(random.below(4) * 341);
    if (random.below(4) != 0) {
      const std::uint32_t bytes = 1U << random.below(4);
      const auto at = static_cast<std::uint32_t>(random.below(0x80)) / bytes * bytes;
      const bool user = random.below(3) != 0;
      dev.write(frame(f) + (user ? 0 : priv) + at, bytes, random.below(8) == 0 ? Secure : NonSecure,
                random.likely());
    } else if (random.below(3) == 0) {
      dev.write(frame(f) + pctrl, 4, Secure, 1);
      const std::uint64_t from = random.likely();
      set_up(f, from, random.below(2) == 0 ? random.likely() : from + random.below(0x3000),
             random.below(3) == 0 ? random.likely() : 1, static_cast<std::uint32_t>(random.likely()));
      put(f, udata0, random.likely(), 8);
      put(f, msiaddress, random.below(2) == 0 ? 0 : random.likely(), 8);
      put(f, port_index, random.below(2));
      put(f, cmd, random.below(5));
    }
    const auto port = static_cast<std::uint32_t>(random.below(2));
    if (dev.next(port, a, buffer)) {
      ASSERT_GE(a.length, 1U);
      ASSERT_LE(a.length, 4096U);
      ASSERT_LE(a.address, ~0ULL - (a.length - 1)) << "wraps";
      ASSERT_EQ(a.address / 4096, (a.address + a.length - 1) / 4096);
      ASSERT_GE(a.stream_id, 0x100U);
      ASSERT_LT(a.stream_id, 0x104U);
      ASSERT_LE(a.substream_id, 0xfffffU);
      out.emplace_back(port, a);
    }
    while (!out.empty() && random.below(2) == 0) {
      const std::size_t k = random.below(out.size());
      const auto response =
          random.below(16) == 0 ? static_cast<DmaResponse>(1 + random.below(5)) : DmaResponse::Ok;
      dev.complete(out[k].second, response, buffer);
      out.erase(out.begin() + static_cast<std::ptrdiff_t>(k));
    }
    if (random.below(2000) == 0) dev.reset();
    if (random.below(5000) == 0) {
      ASSERT_EQ(test::load(dev, test::save(dev)), "");
    }
  }
  EXPECT_GT(dev.counters().commands, 1000U);
  EXPECT_GT(dev.counters().msis, 100U);
}

}  // namespace
}  // namespace smmuvp
