#include "smmuvp/base/broadcast_tlbi.h"

#include <algorithm>
#include <iterator>

namespace smmuvp {

namespace {

using Regime = BroadcastTlbi::Regime;
using Scope = BroadcastTlbi::Scope;

struct Instruction {
  const char* name;
  std::uint8_t op1, crm, op2;
  Regime regime;
  Scope scope;
  bool leaf;
  bool range;
};

// DDI 0487 C5.5: all that are broadcast, with CRn 8; their nXS forms have CRn 9.
constexpr Instruction instructions[] = {
    {"VMALLE1OS", 0, 1, 0, Regime::el1, Scope::vmid_stage1, false, false},
    {"VAE1OS", 0, 1, 1, Regime::el1, Scope::va, false, false},
    {"ASIDE1OS", 0, 1, 2, Regime::el1, Scope::asid, false, false},
    {"VAAE1OS", 0, 1, 3, Regime::el1, Scope::va_any_asid, false, false},
    {"VALE1OS", 0, 1, 5, Regime::el1, Scope::va, true, false},
    {"VAALE1OS", 0, 1, 7, Regime::el1, Scope::va_any_asid, true, false},
    {"RVAE1IS", 0, 2, 1, Regime::el1, Scope::va, false, true},
    {"RVAAE1IS", 0, 2, 3, Regime::el1, Scope::va_any_asid, false, true},
    {"RVALE1IS", 0, 2, 5, Regime::el1, Scope::va, true, true},
    {"RVAALE1IS", 0, 2, 7, Regime::el1, Scope::va_any_asid, true, true},
    {"VMALLE1IS", 0, 3, 0, Regime::el1, Scope::vmid_stage1, false, false},
    {"VAE1IS", 0, 3, 1, Regime::el1, Scope::va, false, false},
    {"ASIDE1IS", 0, 3, 2, Regime::el1, Scope::asid, false, false},
    {"VAAE1IS", 0, 3, 3, Regime::el1, Scope::va_any_asid, false, false},
    {"VALE1IS", 0, 3, 5, Regime::el1, Scope::va, true, false},
    {"VAALE1IS", 0, 3, 7, Regime::el1, Scope::va_any_asid, true, false},
    {"RVAE1OS", 0, 5, 1, Regime::el1, Scope::va, false, true},
    {"RVAAE1OS", 0, 5, 3, Regime::el1, Scope::va_any_asid, false, true},
    {"RVALE1OS", 0, 5, 5, Regime::el1, Scope::va, true, true},
    {"RVAALE1OS", 0, 5, 7, Regime::el1, Scope::va_any_asid, true, true},
    {"IPAS2E1IS", 4, 0, 1, Regime::el1, Scope::ipa, false, false},
    {"RIPAS2E1IS", 4, 0, 2, Regime::el1, Scope::ipa, false, true},
    {"IPAS2LE1IS", 4, 0, 5, Regime::el1, Scope::ipa, true, false},
    {"RIPAS2LE1IS", 4, 0, 6, Regime::el1, Scope::ipa, true, true},
    {"ALLE2OS", 4, 1, 0, Regime::el2, Scope::all, false, false},
    {"VAE2OS", 4, 1, 1, Regime::el2, Scope::va, false, false},
    {"ALLE1OS", 4, 1, 4, Regime::el1, Scope::all, false, false},
    {"VALE2OS", 4, 1, 5, Regime::el2, Scope::va, true, false},
    {"VMALLS12E1OS", 4, 1, 6, Regime::el1, Scope::vmid, false, false},
    {"RVAE2IS", 4, 2, 1, Regime::el2, Scope::va, false, true},
    {"RVALE2IS", 4, 2, 5, Regime::el2, Scope::va, true, true},
    {"ALLE2IS", 4, 3, 0, Regime::el2, Scope::all, false, false},
    {"VAE2IS", 4, 3, 1, Regime::el2, Scope::va, false, false},
    {"ALLE1IS", 4, 3, 4, Regime::el1, Scope::all, false, false},
    {"VALE2IS", 4, 3, 5, Regime::el2, Scope::va, true, false},
    {"VMALLS12E1IS", 4, 3, 6, Regime::el1, Scope::vmid, false, false},
    {"IPAS2E1OS", 4, 4, 0, Regime::el1, Scope::ipa, false, false},
    {"RIPAS2E1OS", 4, 4, 3, Regime::el1, Scope::ipa, false, true},
    {"IPAS2LE1OS", 4, 4, 4, Regime::el1, Scope::ipa, true, false},
    {"RIPAS2LE1OS", 4, 4, 7, Regime::el1, Scope::ipa, true, true},
    {"RVAE2OS", 4, 5, 1, Regime::el2, Scope::va, false, true},
    {"RVALE2OS", 4, 5, 5, Regime::el2, Scope::va, true, true},
    {"ALLE3OS", 6, 1, 0, Regime::el3, Scope::all, false, false},
    {"VAE3OS", 6, 1, 1, Regime::el3, Scope::va, false, false},
    {"VALE3OS", 6, 1, 5, Regime::el3, Scope::va, true, false},
    {"RVAE3IS", 6, 2, 1, Regime::el3, Scope::va, false, true},
    {"RVALE3IS", 6, 2, 5, Regime::el3, Scope::va, true, true},
    {"ALLE3IS", 6, 3, 0, Regime::el3, Scope::all, false, false},
    {"VAE3IS", 6, 3, 1, Regime::el3, Scope::va, false, false},
    {"VALE3IS", 6, 3, 5, Regime::el3, Scope::va, true, false},
    {"RVAE3OS", 6, 5, 1, Regime::el3, Scope::va, false, true},
    {"RVALE3OS", 6, 5, 5, Regime::el3, Scope::va, true, true},
};

constexpr std::uint64_t bits(std::uint64_t word, unsigned high, unsigned low) {
  return word >> low & ((std::uint64_t{2} << (high - low)) - 1);
}
constexpr std::uint64_t sign_extended(std::uint64_t value, unsigned width) {
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(value << (64 - width)) >>
                                    static_cast<int>(64 - width));
}
// TG: 1 is 4 KiB, 2 is 16 KiB, 3 is 64 KiB.
constexpr unsigned granule_of(std::uint64_t TG) { return static_cast<unsigned>(10 + 2 * TG); }

// DDI 0487 C5.5, TLBI VAE1IS: VA[55:12] in [43:0], TTL in [47:44], ASID in [63:48]. IPAS2E1IS: IPA[51:12] in
// [39:0].
void set_address(BroadcastTlbi& t, std::uint64_t operand, const TlbiContext& context) {
  t.first =
      t.scope == Scope::ipa ? bits(operand, 39, 0) << 12U : sign_extended(bits(operand, 43, 0), 44) << 12U;
  t.last = t.first | 0xfff;
  const std::uint64_t TTL = bits(operand, 47, 44);
  if (!context.has_ttl || TTL >> 2U == 0) return;  // 0b00xx: any level
  t.granule = static_cast<std::uint8_t>(granule_of(TTL >> 2U));
  t.level = static_cast<std::uint8_t>(TTL & 3U);
}

// DDI 0487 C5.5, TLBI RVAE1IS: BaseADDR in [36:0], TTL in [38:37], NUM in [43:39], SCALE in [45:44], TG in
// [47:46], ASID in [63:48]. (NUM + 1) * 2^(5 * SCALE + 1) granules. TG 0 is Reserved, and nothing is named.
bool set_range(BroadcastTlbi& t, std::uint64_t operand) {
  const std::uint64_t TG = bits(operand, 47, 46);
  if (TG == 0) return false;
  const unsigned granule = granule_of(TG);
  const std::uint64_t base = bits(operand, 36, 0);
  t.first = (t.scope == Scope::ipa ? base : sign_extended(base, 37)) << granule;
  const std::uint64_t bytes = (bits(operand, 43, 39) + 1) << (5 * bits(operand, 45, 44) + 1) << granule;
  t.last = t.first + std::min(bytes - 1, ~t.first);
  t.granule = static_cast<std::uint8_t>(granule);
  t.level = static_cast<std::uint8_t>(bits(operand, 38, 37));
  return true;
}

}  // namespace

std::optional<BroadcastTlbi> decode_tlbi(unsigned op1, unsigned crn, unsigned crm, unsigned op2,
                                         std::uint64_t operand, const TlbiContext& context) {
  if (crn != 8 && crn != 9) return std::nullopt;
  const auto* found =
      std::find_if(std::begin(instructions), std::end(instructions),
                   [&](const Instruction& i) { return i.op1 == op1 && i.crm == crm && i.op2 == op2; });
  if (found == std::end(instructions)) return std::nullopt;
  BroadcastTlbi t;
  t.instruction = found->name;
  t.regime = found->regime;
  t.secure = context.secure || t.regime == Regime::el3;
  t.scope = found->scope;
  t.leaf = found->leaf;
  const bool of_el2 = t.regime == Regime::el2 || (op1 == 0 && context.el2_and_tge);
  if (of_el2) t.regime = context.e2h ? Regime::el2_e2h : Regime::el2;
  if (of_el2 && t.scope == Scope::vmid_stage1) t.scope = Scope::all;
  const bool by_asid =
      t.scope == Scope::asid || (t.scope == Scope::va && t.regime != Regime::el2 && t.regime != Regime::el3);
  if (t.regime == Regime::el1 && t.scope != Scope::all) t.vmid = context.vmid;
  if (by_asid) t.asid = static_cast<std::uint16_t>(bits(operand, 63, 48));
  if (t.scope < Scope::va) return t;
  // DDI 0487 C5.5, TLBI IPAS2E1: NS in [63], of Secure state
  if (t.scope == Scope::ipa) t.non_secure_ipa = t.secure && bits(operand, 63, 63) != 0;
  if (!found->range) {
    set_address(t, operand, context);
  } else if (!set_range(t, operand)) {
    return std::nullopt;
  }
  return t;
}

}  // namespace smmuvp
