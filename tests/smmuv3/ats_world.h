// Streams of devices with an Address Translation Cache around an SMMUv3 core.
#pragma once

#include <functional>
#include <vector>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {

using smmu::AtsAnswer;
using smmu::AtsPhase;
using smmu::AtsStatus;

constexpr unsigned full_ats = 1;
constexpr unsigned split_stage = 2;

inline Structure& with_ats(Structure& s, unsigned EATS) { return s.set(92, 2, EATS); }
inline Structure with_ats(Structure&& s, unsigned EATS) { return s.set(92, 2, EATS); }

inline Features ats_features() {
  Features f;
  f.ATS = true;
  f.ATSRECERR = true;
  f.SSIDSIZE = 8;
  f.HTTU = 2;
  return f;
}

/// Everything is enabled, ATSCHK and what CR2 has included.
class AtsWorld : public Stage2World {
 public:
  static constexpr std::uint32_t enabled = CR0_implemented | CR0_ATSCHK;

  explicit AtsWorld(const Features& features = ats_features(), const Structures& structures = untimed())
      : Stage2World(features, structures) {
    smmu.interface().atc_messages().connect(true);
    write(0x20, enabled);
  }
  /// CR2 can be written while SMMUEN is 0 only.
  void set_cr2(std::uint32_t value) {
    write(0x20, enabled & ~CR0_SMMUEN);
    write(0x2c, value);
    write(0x20, enabled);
  }
  /// Gives a stream's STE another EATS, and forgets what is cached of it.
  void set_eats(std::uint32_t sid, unsigned EATS) {
    const std::uint64_t at = strtab + 64ULL * sid + 8;
    memory.write(at, (memory.read(at, 8) & ~(3ULL << 28)) | std::uint64_t{EATS} << 28);
    command(0x03 | std::uint64_t{sid} << 32, 1);
  }

  static smmu::AccessRequest translation_request(std::uint32_t sid, std::uint64_t address,
                                                 bool no_write = false) {
    smmu::AccessRequest r = request(sid, address);
    r.ats = AtsPhase::translation_request;
    r.no_write = no_write;
    return r;
  }
  static smmu::AccessRequest translated(std::uint32_t sid, std::uint64_t address,
                                        smmu::AccessKind kind = smmu::AccessKind::read) {
    smmu::AccessRequest r = request(sid, address, kind);
    r.ats = AtsPhase::translated;
    return r;
  }
  AtsAnswer ask(const smmu::AccessRequest& r) {
    const smmu::AccessAnswer a = access(r);
    EXPECT_EQ(a.outcome, smmu::Outcome::answered);
    return a.ats;
  }
  AtsAnswer ask(std::uint32_t sid, std::uint64_t address, bool no_write = false) {
    return ask(translation_request(sid, address, no_write));
  }

  // ---- messages

  using Device = std::function<AtcMessageEnd(const AtcMessage&)>;
  /// Carries messages until none leaves any more, and lets workers go on.
  smmu::Step carry(const Device& device) {
    AtcMessages& m = smmu.interface().atc_messages();
    while (const auto at = m.departure()) {
      now = std::max(now, *at);
      const auto taken = m.take(now);
      messages.push_back(taken->message);
      m.ended(taken->number, device(taken->message), now);
    }
    return work();
  }
  static AtcMessageEnd completes(const AtcMessage&) { return AtcMessageEnd::completed; }
  std::vector<AtcMessage> messages;
};

}  // namespace smmuvp::smmuv3
