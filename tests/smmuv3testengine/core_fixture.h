// An engine with a driver and a memory around it.
#pragma once
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "frame.h"
#include "smmuvp/smmuv3testengine/smmuv3testengine_core.h"
#include "smmuvp/test/core.h"

namespace smmuvp {

using namespace engine;
constexpr auto NonSecure = AccessSecurity::NonSecure;
constexpr auto Secure = AccessSecurity::Secure;

/// Sum of the numbers of a range, read with the compiler's own arithmetic.
inline std::uint64_t sum_of(const std::vector<std::uint8_t>& memory, std::uint64_t from, std::uint64_t bytes,
                            std::uint64_t stride) {
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < bytes; i += stride) {
    std::uint64_t v = 0;
    std::memcpy(&v, &memory[from + i], 8);
    sum += v;
  }
  return sum;
}

/// The engine, 1 MiB of memory, and who answers its accesses.
class EngineCoreTest : public ::testing::Test {
 protected:
  static Smmuv3TestEngineConfig config() { return {2, 2, 0x100, 4, true}; }

  void put(std::uint32_t f, std::uint32_t field, std::uint64_t value, unsigned bytes = 4) {
    dev.write(frame(f) + field, bytes, NonSecure, value);
  }
  std::uint64_t get(std::uint32_t f, std::uint32_t field, unsigned bytes = 4) {
    return dev.read(frame(f) + field, bytes, NonSecure);
  }
  /// All of a frame but `cmd`.
  void set_up(std::uint32_t f, std::uint64_t from, std::uint64_t to_incl, std::uint64_t by = 1,
              std::uint32_t seed_value = 0) {
    put(f, pctrl, 1);
    put(f, port_index, 0);
    put(f, streamid, 0x101);
    put(f, substreamid, no_substream);
    put(f, attributes, write_back << 16 | write_back);
    put(f, begin, from, 8);
    put(f, end_incl, to_incl, 8);
    put(f, stride, by, 8);
    put(f, seed, seed_value);
  }
  bool once(std::uint32_t port) {
    DmaOperation a;
    DmaBuffer buffer;
    if (!dev.next(port, a, buffer)) return false;
    accesses.push_back(a);
    EXPECT_GE(a.length, 1U);
    EXPECT_LE(a.length, 4096U);
    dev.complete(a, answer(a, buffer), buffer);
    return true;
  }
  /// Makes at most `limit` accesses. @return how many
  unsigned run(unsigned limit = 1'000'000, std::uint32_t port = 0) {
    unsigned n = 0;
    while (n < limit && once(port)) ++n;
    return n;
  }
  DmaResponse answer(const DmaOperation& a, DmaBuffer& buffer) {
    for (const auto& [address, response] : errors) {
      if (address >= a.address && address < a.address + a.length) return response;
    }
    if (a.address >= memory.size() || a.length > memory.size() - a.address) return DmaResponse::Address;
    if (a.write) {
      std::memcpy(&memory[a.address], buffer.data(), a.length);
    } else {
      std::memcpy(buffer.data(), &memory[a.address], a.length);
    }
    return DmaResponse::Ok;
  }
  std::uint32_t run_command(std::uint32_t f, std::uint32_t command) {
    accesses.clear();
    put(f, cmd, command);
    EXPECT_EQ(get(f, cmd), command) << "the read after the write is that of a frame that runs";
    run();
    return static_cast<std::uint32_t>(get(f, cmd));
  }
  void expect_misconfigured(std::uint32_t f, std::uint32_t command, const char* why) {
    const std::size_t told = sink.count("misconfigured");
    put(f, cmd, command);
    EXPECT_EQ(get(f, cmd), MISCONFIGURED) << why;
    EXPECT_EQ(run(), 0U) << why;
    EXPECT_EQ(sink.count("misconfigured"), told + 1) << why;
    sink.diagnostics.clear();
    diag = Diag(&sink, "te");
  }
  void fill_memory(std::uint64_t from, std::uint64_t bytes) {
    test::Random random(from);
    for (std::uint64_t i = 0; i < bytes; ++i) memory[from + i] = static_cast<std::uint8_t>(random.next());
  }

  test::CapturingDiag sink;
  Diag diag{&sink, "te"};
  Smmuv3TestEngineCore dev{config(), diag};
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(1 << 20);
  std::map<std::uint64_t, DmaResponse> errors;
  std::vector<DmaOperation> accesses;
};

}  // namespace smmuvp
