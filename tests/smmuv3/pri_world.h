// A system whose devices ask for pages (IHI 0070 chapter 8).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "smmuvp/smmuv3/atc_messages.h"
#include "smmuvp/smmuv3/page_request.h"
#include "world.h"

namespace smmuvp::smmuv3 {

inline Features with_pri() {
  Features f;
  f.ATS = f.PRI = f.ATSRECERR = f.MSI = true;
  f.PRIQS = 8;
  f.SSIDSIZE = 8;
  return f;
}

using Response = AtcMessage::Response;

class PriWorld : public World {
 public:
  static constexpr std::uint64_t priq = 0x3800'0000;
  static constexpr unsigned log2_requests = 2;
  static constexpr std::uint32_t all = CR0_implemented | CR0_PRIQEN;
  static constexpr std::uint32_t PROD = 0x100c8;
  static constexpr std::uint32_t CONS = 0x100cc;

  explicit PriWorld(const Features& features = with_pri(), const Structures& structures = untimed(),
                    TraceSink* trace = nullptr)
      : World(features, structures, trace) {
    smmu.interface().atc_messages().connect(true);
  }

  /// A PRI queue of four entries, everything enabled.
  void start_pri(std::uint32_t cr0 = all) {
    write(0xc0, priq | log2_requests, 8);
    start(8, 0);
    write(0x50, IRQ_CTRL_implemented | IRQ_CTRL_PRIQ_IRQEN);
    write(0x20, cr0);
    work();
  }
  /// PRIQ_IRQ_CFGn, the interrupt off meanwhile.
  void configure_irq(std::uint64_t address, std::uint32_t data, std::uint32_t attributes) {
    const std::uint32_t enables = read(0x50);
    write(0x50, 0);
    write(0xd0, address, 8);
    write(0xd8, data);
    write(0xdc, attributes);
    write(0x50, enables);
  }

  /// That of a page which may be read, by the last member of its group.
  static PageRequest page(std::uint32_t sid, std::uint16_t PRGI, bool Last = true,
                          std::optional<std::uint32_t> ssid = std::nullopt) {
    PageRequest p;
    p.StreamID = sid;
    p.SSV = ssid.has_value();
    p.SubstreamID = ssid.value_or(0);
    p.PRGIndex = PRGI;
    p.Last = Last;
    p.R = true;
    p.PageAddress = 0x7654'3000;
    return p;
  }
  static PageRequest stop_marker(std::uint32_t sid, std::uint32_t ssid) {
    PageRequest p = page(sid, 0, true, ssid);
    p.R = false;
    return p;
  }
  smmu::AccessRequest request_of(const PageRequest& p) const {
    smmu::AccessRequest r = request(p.StreamID, p.PageAddress, smmu::AccessKind::write);
    r.substream_id = p.SubstreamID;
    r.substream_valid = p.SSV;
    r.instruction = p.X;
    r.privileged = p.Priv;
    r.ats = smmu::AtsPhase::page_request;
    r.page_request = {p.Last, p.R, p.W, p.PRGIndex};
    r.time = std::max(now, p.time);
    return r;
  }
  /// A device asks, and the workers go on. @return how the message ended
  smmu::Outcome ask(const PageRequest& p) { return access(request_of(p)).outcome; }
  /// It asks, and nothing goes on.
  void only_ask(const PageRequest& p) {
    Access a(smmu, request_of(p));
    finish(a);
  }

  /// Takes the oldest entry.
  std::optional<std::array<std::uint64_t, 2>> pop() {
    const std::uint32_t mask = (2U << log2_requests) - 1;
    const std::uint32_t cons = read(CONS);
    if (((read(PROD) ^ cons) & mask) == 0) return std::nullopt;
    const std::uint64_t at = priq + 16ULL * (cons & (mask >> 1));
    const std::array<std::uint64_t, 2> e{memory.read(at, 8), memory.read(at + 8, 8)};
    write(CONS, ((cons + 1) & mask) | (cons & QUEUE_OVFLG));
    return e;
  }
  unsigned used() { return (read(PROD) - read(CONS)) & ((2U << log2_requests) - 1); }
  /// OVACKFLG becomes OVFLG; RD moves to WR.
  void take_all() { write(CONS, read(PROD)); }
  bool overflowed() { return ((read(PROD) ^ read(CONS)) & QUEUE_OVFLG) != 0; }
  bool error(std::uint32_t bit) { return ((read(0x60) ^ read(0x64)) & bit) != 0; }

  /// What devices have been told since the last call.
  std::vector<AtcMessage> messages() {
    std::vector<AtcMessage> told;
    AtcMessages& m = smmu.interface().atc_messages();
    while (const auto at = m.departure()) {
      const auto taken = m.take(*at);
      if (!taken) break;
      told.push_back(taken->message);
      m.ended(taken->number, AtcMessageEnd::completed, *at);
    }
    return told;
  }
  /// The only one.
  AtcMessage message() {
    const auto told = messages();
    EXPECT_EQ(told.size(), 1U);
    return told.empty() ? AtcMessage() : told[0];
  }

  static constexpr std::uint64_t pri_resp(std::uint32_t sid,
                                          std::optional<std::uint32_t> ssid = std::nullopt) {
    return 0x41 | (ssid ? 1ULL << 11 | std::uint64_t{*ssid} << 12 : 0) | std::uint64_t{sid} << 32;
  }
};

}  // namespace smmuvp::smmuv3
