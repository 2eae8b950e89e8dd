// A World with Enhanced Command queues, as Non-secure software uses them.
#pragma once

#include <cstdint>

#include "secure_world.h"

namespace smmuvp::smmuv3 {

constexpr std::uint32_t CMDQP_ERR = 1U << 9;  // of GERROR
constexpr std::uint64_t CMD_SYNC = 0x46;
constexpr std::uint64_t illegal_command = 0xff;
constexpr std::uint64_t doorbell = 0x7000'0040;

inline Features with_ecmdqs(unsigned LOG2NUMP = 1, unsigned LOG2NUMQ = 2) {
  Features f;
  f.MSI = f.ecmdq.ECMDQ = true;
  f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = static_cast<std::uint8_t>(LOG2NUMP);
  f.ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMQ = static_cast<std::uint8_t>(LOG2NUMQ);
  return f;
}
inline Features with_secure_ecmdqs() {
  Features f = with_ecmdqs();
  f.SECURE_IMPL = f.s_ecmdq.ECMDQ = true;
  f.s_ecmdq.CMDQ_CONTROL_PAGE_LOG2NUMP = 1;
  return f;
}
// SIG_IRQ with an MSI.
inline std::uint64_t sync_with_msi(std::uint32_t data) {
  return std::uint64_t{data} << 32 | std::uint64_t{0xf} << 24 | std::uint64_t{3} << 22 | 1U << 12 | CMD_SYNC;
}

class EcmdqWorld : public SecureWorld {
 public:
  explicit EcmdqWorld(const Features& features = with_ecmdqs(), TraceSink* trace = nullptr,
                      const Structures& structures = untimed())
      : SecureWorld(features, trace, structures) {}

  // ---- the window, by Non-secure software
  std::uint64_t at(std::uint32_t offset, unsigned bytes = 4) {
    return read_as(AccessSecurity::NonSecure, offset, bytes);
  }
  void put_at(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    write_as(AccessSecurity::NonSecure, offset, value, bytes);
  }
  /// Where the registers of a queue are, as ID registers and page registers say.
  std::uint32_t place(unsigned n) {
    const auto IDR6 = static_cast<std::uint32_t>(at(0x190));
    const unsigned LOG2NUMQ = IDR6 >> 16 & 0xf;
    const unsigned page = n >> LOG2NUMQ;
    const auto base = static_cast<std::uint32_t>(at(0x4000 + 32 * page, 8) & 0xffff'0000);
    return base + (n & ((1U << LOG2NUMQ) - 1)) * (0x10000U >> LOG2NUMQ);
  }
  std::uint32_t prod(unsigned n) { return static_cast<std::uint32_t>(at(place(n) + 8)); }
  std::uint32_t cons(unsigned n) { return static_cast<std::uint32_t>(at(place(n) + 12)); }
  void set_prod(unsigned n, std::uint32_t value) { put_at(place(n) + 8, value); }
  static std::uint64_t memory_of(unsigned n) { return 0x6000'0000 + 0x1000ULL * n; }

  void enable(unsigned n, unsigned log2size = 3) {
    put_at(place(n), memory_of(n) | log2size, 8);
    put_at(place(n) + 12, 0);
    set_prod(n, ECMDQ_EN);
  }
  /// Puts commands into a queue of 8 entries, without running them.
  void push_to(unsigned n, std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint32_t PROD = prod(n);
    memory.write(memory_of(n) + 16ULL * (PROD & 7), word0);
    memory.write(memory_of(n) + 16ULL * (PROD & 7) + 8, word1);
    set_prod(n, (PROD & ~0xfU) | ((PROD + 1) & 0xf));
  }
  bool done(unsigned n) { return (prod(n) & 0xf) == (cons(n) & 0xf); }
  CommandQueue& commands_of(unsigned n) { return smmu.interface().control_pages()->queue(n).commands(); }
  smmu::Worker& msis() { return smmu.interface().msis(); }
  void work_without_msis() {
    for (bool worked = true; worked;) {
      worked = false;
      for (smmu::Worker* worker : smmu.workers()) {
        if (worker != &msis()) worked = work_on(*worker) || worked;
      }
    }
  }
};

}  // namespace smmuvp::smmuv3
