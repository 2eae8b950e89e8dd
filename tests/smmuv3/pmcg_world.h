// A World with performance monitors, and their registers by group.
#pragma once

#include <cstdint>

#include <gtest/gtest.h>

#include "smmuvp/smmuv3/pmcgs.h"
#include "world.h"

namespace smmuvp::smmuv3 {

class PmcgWorld : public World {
 public:
  static constexpr std::uint64_t va = 0x1234'5000;
  static constexpr std::uint64_t pa = 0x8000'0000;
  static constexpr unsigned tcu = 0;
  static constexpr unsigned tbu0 = 1;
  static constexpr std::uint32_t all_streams = ~0U;
  static constexpr std::uint32_t span = 1U << 29;
  static constexpr std::uint32_t OVFCAP = 1U << 31;

  static Features with(PmcgFeatures pmcg) {
    Features f;
    if (pmcg.counters == 0) pmcg.counters = 4;
    f.pmcg = pmcg;
    return f;
  }
  static Features with_groups() { return with({}); }
  static Structures tbus(std::uint32_t n, bool timing = false) {
    Structures s;
    s.timing = timing;
    s.ports = n;
    return s;
  }
  explicit PmcgWorld(const Features& features = with_groups(), const Structures& structures = tbus(2),
                     TraceSink* trace = nullptr)
      : World(features, structures, trace), m_features(features.pmcg) {}

  // ---- registers of a group, at the offsets that 10.5.1 has
  std::uint32_t at(unsigned group, std::uint32_t offset) const {
    const bool moved =
        m_features.RELOC_CTRS && (offset < 0x200 || (offset >= 0x600 && offset < 0x800) || offset == 0xc80 ||
                                  offset == 0xc84 || offset == 0xcc0 || offset == 0xcc4 || offset == 0xd88);
    return (moved ? m_features.page1(group) : m_features.page0(group)) + offset;
  }
  std::uint64_t pmcg(unsigned group, std::uint32_t offset, unsigned bytes = 4) {
    return window_read(at(group, offset), bytes);
  }
  void set_pmcg(unsigned group, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    window_write(at(group, offset), value, bytes);
  }
  std::uint64_t window_read(std::uint32_t offset, unsigned bytes = 4) {
    std::uint64_t v = ~std::uint64_t{0};
    smmu.window().at(offset).read(offset, bytes, AccessSecurity::NonSecure, now, v);
    return v;
  }
  void window_write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    smmu.window().at(offset).write(offset, bytes, AccessSecurity::NonSecure, now, value);
  }
  unsigned counter_bytes() const { return m_features.bits > 32 ? 8 : 4; }
  std::uint64_t counter(unsigned group, unsigned n) {
    return pmcg(group, counter_bytes() * n, counter_bytes());
  }
  void set_counter(unsigned group, unsigned n, std::uint64_t value) {
    set_pmcg(group, counter_bytes() * n, value, counter_bytes());
  }
  std::uint64_t captured(unsigned group, unsigned n) {
    return pmcg(group, 0x600 + counter_bytes() * n, counter_bytes());
  }
  std::uint64_t overflows(unsigned group) { return pmcg(group, 0xc80, 8); }

  /// Lets counter n of a group count an event, of a stream or of all.
  void count(unsigned group, unsigned n, PmcgEvent event, std::uint32_t SMR = all_streams,
             std::uint32_t type_bits = span) {
    set_pmcg(group, 0x400 + 4 * n, static_cast<std::uint32_t>(event) | type_bits);
    set_pmcg(group, 0xa00 + 4 * n, SMR);
    set_pmcg(group, 0xc00, std::uint64_t{1} << n, 8);
    set_pmcg(group, 0xe04, 1);
  }
  /// A stream of both caches' tables, with a page for it.
  void stream_with_page(std::uint32_t sid) {
    EXPECT_TRUE(stream(sid, static_cast<std::uint16_t>(sid)).map(va, pa, 0x4000));
  }
  smmu::AccessAnswer access_by(std::uint8_t port, std::uint32_t sid, std::uint64_t address) {
    smmu::AccessRequest r = request(sid, address);
    r.port = port;
    r.time = now;
    return access(r);
  }
  Pmcg& group(unsigned i) { return smmu.pmcgs().group(i); }

 private:
  PmcgFeatures m_features;
};

}  // namespace smmuvp::smmuv3
