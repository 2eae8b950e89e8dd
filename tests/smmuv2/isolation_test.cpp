// Transactions and resources of two Security states (IHI 0062 2.2, 2.3.9, 7.3.3): what is prohibited there
// never happens, whatever registers hold.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>

#include "offsets.h"
#include "smmuvp/smmuv2/access.h"
#include "smmuvp/smmuv2/smmu.h"

namespace smmuvp::smmuv2 {
namespace {

using namespace offsets;
using smmu::AddressSpace;
using smmu::Outcome;
using smmu::Step;

constexpr unsigned banks = 8;
constexpr unsigned groups = 8;
constexpr std::uint64_t regions = 0x10'0000'0000;  // tables of bank n are at regions + (n << 32)

Features two_states() {
  Features f;
  f.SES = true;
  f.NUMCB = banks;
  f.NUMSMRG = groups;
  f.EXIDS = false;
  f.NUMSIDB = 4;
  f.NUMPAGENDXB = 3;
  f.HAFDBS = 0;
  return f;
}

/// Memory that tells by whose tables an access goes: descriptors in the region of bank n lead to block n.
class TellingMemory {
 public:
  smmu::MemoryAnswer operator()(const smmu::MemoryOp& op) {
    const std::uint64_t bank = (op.address - regions) >> 32;
    seen |= 1U << bank;
    if (op.space == AddressSpace::secure) secure = true;
    smmu::MemoryAnswer a;
    a.time = op.time;
    // A block of 1 GiB at level 1, AF, unprivileged read and write; NS by the address
    const std::uint64_t NS = op.address >> 3 & 1;
    smmu::store_word(a.data, 0, bank << 30 | 1U << 10 | 1U << 6 | NS << 5 | 1);
    return a;
  }
  unsigned seen = 0;
  bool secure = false;
};

class Isolation : public testing::Test {
 protected:
  void write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = true) {
    smmu.interface().write(offset, bytes, secure ? AccessSecurity::Secure : AccessSecurity::NonSecure, 0,
                           value);
  }
  std::uint32_t pick(std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); }
  std::uint32_t cb(unsigned bank, std::uint32_t offset) const {
    return smmu.features().window_bytes() / 2 + bank * smmu.features().page_bytes() + offset;
  }

  void set_bank(unsigned bank) {
    const std::uint32_t page = smmu.features().page_bytes();
    // TYPE of any kind, more often one that translates; no HYPC, whose entries are of no Security state
    const std::uint32_t TYPE = pick(3) != 0 ? 1 : pick(4);
    write(page + CBAR0 + 4 * bank, TYPE << 16 | (TYPE == 1 ? CBAR_stage1 : pick(banks) << 8) | pick(2));
    write(page + CBA2R0 + 4 * bank, 1U | (pick(4) == 0 ? 2U : 0U));
    write(cb(bank, TCR2), 5U | 1U << 4 | 7U << 15 | (pick(2) << 14));
    write(cb(bank, TCR), 25U | 1U << 23 | 1U << 6);
    write(cb(bank, TTBR0), (regions + (std::uint64_t{bank} << 32)) | std::uint64_t{pick(2)} << 48, 8);
    write(cb(bank, FSR), ~0U);
    write(cb(bank, SCTLR), SCTLR_CFRE | SCTLR_HUPCF | (pick(8) != 0 ? SCTLR_M : 0) | pick(4) << 28);
    write(TLBIALLNSNH, 0);
    write(STLBIALL, 0);
  }
  /// The memory type of what is not translated tells whose group it was.
  void write_group(unsigned n) {
    const std::uint32_t MemAttr = n < NSNUMSMRGO ? 0x5 : 0x3;  // Non-cacheable, Device-GRE
    write(S2CR0 + 4 * n, S2CR[n] | 1U << 11 | MemAttr << 12);
  }
  void change() {
    switch (pick(4)) {
      case 0:
        NSNUMCBO = pick(banks + 1);
        NSNUMSMRGO = pick(groups + 1);
        write(SCR1, NSNUMCBO | NSNUMSMRGO << 8 | 1U << 16);
        write(TLBIALLNSNH, 0);
        write(STLBIALL, 0);
        for (unsigned n = 0; n < groups; ++n) write_group(n);
        break;
      case 1: {
        const unsigned n = pick(groups);
        write(SMR0 + 4 * n, SMR_VALID | (pick(4) != 0 ? n : pick(16)) | (pick(16) == 0 ? pick(16) << 16 : 0));
        S2CR[n] = (pick(4) == 0 ? pick(4) : 0U) << 16 | pick(4) << 18 | (pick(4) != 0 ? n : pick(banks + 1)) |
                  pick(4) << 26;
        write_group(n);
        break;
      }
      case 2:
        set_bank(pick(banks));
        break;
      default: {
        const std::uint32_t more =
            (pick(16) == 0 ? CR0_CLIENTPD : 0) | pick(2) << 10 | pick(2) << 21 | pick(4) << 28;
        write(sCR0, CR0_GFRE | more, 4, pick(2) == 0);
      }
    }
  }

  Smmu smmu{two_states(), [] {
              Structures s;
              s.timing = false;
              return s;
            }()};
  std::mt19937_64 random{20261129};
  std::uint32_t NSNUMCBO = banks;
  std::uint32_t NSNUMSMRGO = groups;
  std::array<std::uint32_t, groups> S2CR{};
};

TEST_F(Isolation, NoTransactionReachesABankOrAMemoryOfTheOtherState) {
  for (unsigned bank = 0; bank < banks; ++bank) set_bank(bank);
  for (unsigned n = 0; n < groups; ++n) {
    write(SMR0 + 4 * n, SMR_VALID | n);
    S2CR[n] = n;
    write_group(n);
  }
  write(sCR0, CR0_GFRE, 4, false);
  write(sCR0, CR0_GFRE, 4, true);
  std::array<unsigned, 2> translated{};
  std::array<unsigned, 2> stopped{};
  for (unsigned i = 0; i < 4'000'000; ++i) {
    if (pick(4) == 0) change();
    smmu::AccessRequest r;
    const bool secure = pick(2) == 0;
    r.space = secure ? AddressSpace::secure : AddressSpace::non_secure;
    r.stream_id = pick(10);
    r.address = std::uint64_t{0x3f} << 30 | pick(1U << 30);
    r.kind = pick(2) == 0 ? smmu::AccessKind::read : smmu::AccessKind::write;
    r.instruction = pick(4) == 0;
    TellingMemory memory;
    smmu::AccessAnswer a;
    std::optional<AccessFault> fault;
    if (!smmu.translate_fast(r, a)) {
      Access access(smmu, r);
      Step step = access.step();
      while (step == Step::need) {
        access.complete(memory(access.op()));
        step = access.step();
      }
      ASSERT_EQ(step, Step::done);
      a = access.answer();
      fault = access.fault();
    }
    const unsigned own = secure ? ((1U << banks) - 1) & ~((1U << NSNUMCBO) - 1) : (1U << NSNUMCBO) - 1;
    ASSERT_EQ(memory.seen & ~own, 0U) << i;
    ASSERT_TRUE(secure || !memory.secure) << i;
    const bool of_bank = fault && !fault->global && fault->bit != 0;
    ASSERT_TRUE(!of_bank || (own >> fault->bank & 1U) != 0) << i;
    if (a.outcome != Outcome::forward) {
      ++stopped[secure ? 1 : 0];
      continue;
    }
    ASSERT_TRUE(secure || a.space == AddressSpace::non_secure) << i;
    ASSERT_NE(a.attributes.memory, secure ? 0x44 : 0x0c) << i;
    const std::uint64_t block = a.output >> 30;
    if (block == 0x3f) continue;  // it passed
    ASSERT_LT(block, banks) << i;
    ASSERT_NE(own >> block & 1U, 0U) << i;
    ++translated[secure ? 1 : 0];
  }
  // It would say nothing otherwise.
  for (const unsigned side : {0U, 1U}) {
    EXPECT_GT(translated[side], 150'000U);
    EXPECT_GT(stopped[side], 150'000U);
  }
}

}  // namespace
}  // namespace smmuvp::smmuv2
