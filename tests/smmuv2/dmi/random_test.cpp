// A master of an SMMUv2 that uses pointers sees what one that does not sees, whatever software, memory and
// other masters do.
#include <array>
#include <optional>

#include "../../smmu/dmi/in_step.h"
#include "bench.h"

namespace smmuvp::dmi {
namespace {

using smmuv2::Driver;

/// How the stream is translated.
enum Mode : std::uint8_t { stage1, stage2, nested, hyp, off, passes, unmatched, fault, modes };
constexpr unsigned tables_of = 4;  // the modes that have some

// The bank of a mode, and that of nested's stage 2. Bank 4 has its MMU off.
constexpr std::array<unsigned, 5> bank_of{0, 1, 2, 3, 4};
constexpr unsigned second_bank = 5;
constexpr unsigned banks = 8;
constexpr unsigned groups = 16;
constexpr std::uint8_t vmid_of_stage2 = 4, vmid_of_nested = 3;
constexpr std::uint32_t no_fault = 2U << 9;  // in FSR: Format, of AArch64 (16.5.9)
constexpr std::uint32_t other_stream = stream_id + 1;

constexpr std::uint64_t ipa = 0x7000'0000;    // of Ram::base where stage 1 is in front of stage 2
constexpr std::uint64_t block = 0x4000'0000;  // a block's address
constexpr std::uint64_t block_output = Ram::base + 0x20'0000;
constexpr unsigned pages = 6;
/// One page of each address space, and the block, are global (16.5.31).
constexpr bool is_global(std::uint64_t va) { return va >= block || (va >> 12) % pages == 0; }

/// One of the two, and what software has made in its memory.
class Side {
 public:
  explicit Side(const char* name) : s(name, {}) {}

  void restart() {
    s.restart();
    HUPCF = CLIENTPD = 0;
    asid = 1;
    m_ipas = &r.builder(Driver::config_stage2());
    pgtable::Config of_hyp = Driver::config64();
    of_hyp.stage1.tables[1].EPD = true;
    m_tables = {&r.builder(Driver::config64()), &r.builder(Driver::config_stage2()),
                &r.builder(Driver::config64()), &r.builder(of_hyp)};
    EXPECT_TRUE(m_ipas->map(ipa, Ram::base, 0x20'0000));
    EXPECT_TRUE(m_ipas->map(block_output, block_output, 0x20'0000));
    // Tables of stage 1 are where they are for stage 2, too.
    EXPECT_TRUE(m_ipas->map(Driver::tables, Driver::tables, 0x20'0000));
    for (const Mode mode : {stage1, stage2, nested, hyp}) {
      // A page that stays keeps the tables above the others.
      EXPECT_TRUE(m_tables[mode]->map(0x1f'f000, output(mode, 0), 0x1000));
      m_mode = mode;
      for (unsigned i = 0; i < pages; ++i) map(address(i), i, true);
      map_block(true);
    }
    program();
    select(stage1);
  }
  /// All banks: nothing but tables outlives a reset.
  void program() {
    r.bank_stage2(bank_of[stage2], m_tables[stage2]->config(), vmid_of_stage2, HUPCF);
    r.bank_stage2(second_bank, m_ipas->config(), vmid_of_nested, HUPCF);
    r.bank64(bank_of[hyp], m_tables[hyp]->config(), 0, 0, HUPCF, CBAR_stage1 | CBAR_HYPC);
    r.bank64(bank_of[off], Driver::config64());
    r.write_cb(bank_of[off], SCTLR, SCTLR_CFRE | HUPCF);
    program_asid();
  }
  void program_asid() {
    r.bank64(bank_of[stage1], m_tables[stage1]->config(), asid, 0, HUPCF);
    r.bank64(bank_of[nested], m_tables[nested]->config(), asid, vmid_of_nested, HUPCF,
             CBAR_nested | second_bank << 8);
  }
  void select(Mode mode) {
    m_mode = mode;
    const std::uint32_t S2CR = mode <= off      ? S2CR_translate | bank_of[mode]
                               : mode == passes ? S2CR_bypass
                                                : S2CR_fault;
    r.map_stream(stream_id, stream_id, S2CR);
    if (mode == unmatched) r.set(SMR0 + 4 * stream_id, stream_id);
    write_CR0();
  }
  /// An unmatched stream passes.
  void write_CR0() {
    r.start(CLIENTPD);
    if (m_mode == unmatched) r.set(sCR0, r.reg(sCR0) & ~CR0_USFCFG);
  }
  Mode mode() const { return m_mode; }
  bool translates() const { return m_mode <= hyp; }
  static std::uint64_t address(unsigned page) { return 0x10000 + page * 0x1000ULL; }
  static std::uint64_t output(Mode mode, unsigned page) {
    return (mode == nested ? ipa : Ram::base) + page * 0x1000ULL;
  }
  /// The present tables: whatever is at `va` is replaced.
  void map(std::uint64_t va, unsigned page, bool writable) {
    unmap(va);
    pgtable::Mapping mapping;
    mapping.writable = writable;
    mapping.nG = !is_global(va);
    EXPECT_TRUE(m_tables[m_mode]->map(va, output(m_mode, page), 0x1000, mapping));
  }
  void unmap(std::uint64_t va) { m_tables[m_mode]->unmap(va, 0x1000); }
  void map_block(bool there) {
    m_tables[m_mode]->unmap(block, 0x20'0000);
    if (!there) return;
    pgtable::Mapping mapping;
    mapping.nG = !is_global(block);
    EXPECT_TRUE(m_tables[m_mode]->map(block, block_output, 0x20'0000, mapping));
  }
  /// The hypervisor moves, or takes, what is behind an IPA of the nested stream.
  void move_ipa(unsigned page, std::optional<unsigned> to) {
    const std::uint64_t at = ipa + page * 0x1000ULL;
    m_ipas->unmap(at, 0x1000, pgtable::Splitting::allowed);
    if (to) {
      EXPECT_TRUE(m_ipas->map(at, Ram::base + *to * 0x1000ULL, 0x1000));
    }
  }

  System s;
  smmuv2::ModuleDriver& r = s.regs;
  std::uint32_t HUPCF = 0;     ///< of all banks, at its place in SCTLR
  std::uint32_t CLIENTPD = 0;  ///< likewise in sCR0
  std::uint16_t asid = 1;

 private:
  Mode m_mode = stage1;
  pgtable::Builder* m_ipas = nullptr;
  std::array<pgtable::Builder*, tables_of> m_tables{};
};

class Schedule : public InStep<Side> {
 public:
  using InStep::InStep;

  void run(unsigned steps) {
    restart();
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    compare_memory();
  }
  std::array<std::uint64_t, modes + 1> by_pointer{};  // accesses by mode, the last of disabled clients

 private:
  void restart() {
    m.each([](Side& side) { side.restart(); });
    use_pointers();
    m_counts = false;
  }
  bool disabled() const { return m.plain.CLIENTPD != 0; }
  std::uint64_t any_page() { return Side::address(static_cast<unsigned>(below(pages))); }
  void set(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4, bool secure = false) {
    m.each([&](Side& side) { side.r.set(offset, value, bytes, secure); });
  }
  std::uint32_t cb(unsigned bank, std::uint32_t offset) const { return m.plain.r.cb(bank, offset); }
  std::uint32_t pm(std::uint32_t offset) const { return 3 * WithDriver::page + offset; }

  void step() {
    if (!one_in(6)) return access();
    change();
    compare_pointers();
  }
  void change() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2:
        return change_page();
      case 3:
        return change_block();
      case 4:
        return change_ipa();
      case 5:
      case 6:
        return change_stream();
      case 7:
        return invalidate_something();
      case 8:
        return change_memory();
      case 9:
        return switch_clients();
      case 10:
        return change_asid();
      case 11:
        return change_fault_model();
      case 12:
        return another_faults();
      case 13:
        return secure_software_takes_and_gives_back();
      case 14:
        return switch_counter();
      default:
        if (one_in(4)) reset();
    }
  }

  // ---- masters

  void access() {
    std::uint64_t address = any_page();
    if (one_in(4)) address = block + below(3) * 0x8'0000;
    // Where nothing is bypassed nothing is mapped there.
    const Mode mode = m.plain.mode();
    if (disabled() || (mode >= off && mode <= unmatched) || one_in(24)) address = ram_page(below(8));
    const bool by = InStep::access(address, [mode](Side& side) {
      side.r.set(S2CR0 + 4 * stream_id, S2CR_fault);
      side.select(mode);
    });
    if (by) ++by_pointer[disabled() ? modes : mode];
    settle();
  }
  /// What is recorded is the same. Software takes it sooner or later; until then a bank may terminate all.
  void settle() {
    const bool cleared = !one_in(4);
    for (unsigned bank = 0; bank < 6; ++bank) {
      compare(cb(bank, FSR));
      if (m.plain.r.reg(cb(bank, FSR)) == no_fault) continue;
      for (const std::uint32_t offset : {FAR, FAR + 4, FSYNR0}) compare(cb(bank, offset));
      if (cleared) set(cb(bank, FSR), ~0U);
    }
    compare(sGFSR);
    compare(sGFAR);
    if (cleared) set(sGFSR, ~0U);
  }
  void compare(std::uint32_t offset) {
    EXPECT_EQ(m.plain.r.reg(offset), m.direct.r.reg(offset)) << std::hex << offset;
  }
  /// A fault of a master whose stream is of some bank, behind which that bank terminates all unless HUPCF
  /// is 1.
  void another_faults() {
    const auto bank = static_cast<unsigned>(below(6));
    set(S2CR0 + 4 * other_stream, S2CR_translate | bank);
    set(SMR0 + 4 * other_stream, SMR_VALID | other_stream);
    m.each([](Side& side) {
      AccessExtension e;
      e.stream_id = other_stream;
      e.stream_valid = true;
      side.s.other.access(0x5000, 4, false, 0, &e);
    });
  }

  // ---- software

  /// Of those of a bank, and global ones: which suffices for `va`.
  void invalidate_va(std::uint64_t va) {
    const Mode mode = m.plain.mode();
    const unsigned bank = bank_of[mode];
    const std::uint64_t named = va >> 12 | std::uint64_t{m.plain.asid} << 48;
    const std::uint8_t vmid = mode == nested ? vmid_of_nested : 0;
    if (mode == hyp) return invalidate_hyp(va);
    switch (below(9)) {
      case 0:
        return set(cb(bank, TLBIVA), named, 8);
      case 1:
        return set(cb(bank, TLBIVAL), named, 8);
      case 2:
        return set(cb(bank, TLBIVAA), va >> 12, 8);
      case 3:
        return set(cb(bank, TLBIVAAL), va >> 12, 8);
      case 4:
        if (is_global(va)) return set(cb(bank, TLBIVAA), va >> 12, 8);
        return set(cb(bank, TLBIASID), m.plain.asid);
      case 5:
        return set(cb(bank, TLBIALL), 0);
      case 6:
        return set(TLBIVMID, vmid);
      case 7:
        return set(TLBIVMIDS1, vmid);
      default:
        return set(TLBIALLNSNH, 0);
    }
  }
  void invalidate_hyp(std::uint64_t va) {
    switch (below(6)) {
      case 0:
        return set(cb(bank_of[hyp], TLBIVA), va >> 12, 8);
      case 1:
        return set(cb(bank_of[hyp], TLBIALL), 0);
      case 2:
        return set(TLBIVAH, va);
      case 3:
        return set(TLBIVAH64, va >> 12, 8);
      case 4:
        return set(TLBIVALH64, va >> 12, 8);
      default:
        return set(TLBIALLH, 0);
    }
  }
  /// 17.3.4: by IPA, synchronise, then what has both stages.
  void invalidate_ipa(std::uint64_t at) {
    const bool alone = m.plain.mode() == stage2;
    const std::uint8_t vmid = alone ? vmid_of_stage2 : vmid_of_nested;
    switch (below(4)) {
      case 0:
      case 1:
        set(cb(alone ? bank_of[stage2] : second_bank, one_in(2) ? TLBIIPAS2 : TLBIIPAS2L), at >> 12, 8);
        if (alone) return;
        synchronise();
        return set(TLBIVMIDS1, vmid);
      case 2:
        return set(TLBIVMID, vmid);
      default:
        return set(TLBIALLNSNH, 0);
    }
  }
  void synchronise() {
    set(sTLBGSYNC, 0);
    m.each([](Side& side) {
      test::advance(2'000'000);
      EXPECT_EQ(side.r.reg(sTLBGSTATUS), 0U);
    });
  }
  void invalidate_mapping(std::uint64_t va) {
    m.plain.mode() == stage2 ? invalidate_ipa(va) : invalidate_va(va);
    if (one_in(2)) synchronise();
  }
  void change_page() {
    if (!m.plain.translates()) return;
    const std::uint64_t va = any_page();
    const unsigned page = static_cast<unsigned>(below(8));
    const bool gone = one_in(3), writable = !one_in(3);
    m.each([&](Side& side) { gone ? side.unmap(va) : side.map(va, page, writable); });
    invalidate_mapping(va);
  }
  void change_block() {
    if (!m.plain.translates()) return;
    const bool there = one_in(2);
    m.each([&](Side& side) { side.map_block(there); });
    invalidate_mapping(block + below(512) * 0x1000);
  }
  void change_ipa() {
    if (m.plain.mode() == stage2) return;  // invalidate_ipa() is of its own tables
    const unsigned page = static_cast<unsigned>(below(8));
    std::optional<unsigned> to;
    if (!one_in(4)) to = static_cast<unsigned>(below(8));
    m.each([&](Side& side) { side.move_ipa(page, to); });
    invalidate_ipa(ipa + page * 0x1000ULL);
  }
  void change_stream() {
    const Mode mode = static_cast<Mode>(below(one_in(2) ? unsigned{modes} : tables_of));
    m.each([mode](Side& side) { side.select(mode); });
  }
  /// Another ASID for the same tables, of which nobody knows what it had.
  void change_asid() {
    const auto asid = static_cast<std::uint16_t>(1 + below(2));
    m.each([asid](Side& side) {
      side.asid = asid;
      side.program_asid();
    });
    for (const Mode mode : {stage1, nested}) set(cb(bank_of[mode], TLBIASID), asid);
  }
  void change_fault_model() {
    m.each([](Side& side) {
      side.HUPCF ^= SCTLR_HUPCF;
      side.program();
    });
  }
  /// What nobody needs is harmless.
  void invalidate_something() {
    if (m.plain.mode() <= hyp && m.plain.mode() != stage2 && one_in(2)) return invalidate_va(any_page());
    one_in(2) ? invalidate_ipa(ipa + below(8) * 0x1000) : invalidate_hyp(any_page());
  }
  void change_memory() { swap(one_in(4) ? block_output + below(3) * 0x8'0000 : ram_page(below(8))); }
  void switch_clients() {
    if (!disabled() && !one_in(3)) return;
    m.each([](Side& side) {
      side.CLIENTPD ^= CR0_CLIENTPD;
      side.write_CR0();
    });
  }
  /// Banks from some number on, and groups likewise, are Secure software's for a while (9.6.24).
  void secure_software_takes_and_gives_back() {
    const std::uint64_t NSNUMCBO = below(banks + 1), NSNUMSMRGO = one_in(2) ? stream_id : groups;
    set(SCR1, NSNUMCBO | NSNUMSMRGO << 8 | 1U << 16, 4, true);
    compare_pointers();
    for (std::uint64_t n = below(3); n != 0; --n) {
      InStep::access(any_page(), [](Side&) {});
      compare(sGFSR);
    }
    set(SCR1, banks | groups << 8 | 1U << 16, 4, true);
    set(sGFSR, ~0U);
  }
  /// A counter of accesses misses none (6.3).
  void switch_counter() {
    if (!m_counts && !one_in(3)) return;
    m_counts = !m_counts;
    if (m_counts) {
      set(pm(PMEVCNTR0), 0);
      set(pm(PMEVTYPER0), accessed);
      set(pm(PMCGCR0), PMCGCR_all | PMCGCR_E);
      set(pm(PMCNTENSET0), 1);
    } else {
      compare(pm(PMEVCNTR0));
    }
    set(pm(PMCR), m_counts ? PMCR_E : 0);
    if (m_counts) {
      EXPECT_TRUE(m.direct.s.client.pointers.empty());
    }
  }
  void reset() {
    compare_memory();
    m.each([](Side& side) { side.s.pulse_reset(); });
    m_counts = false;
    if (one_in(2)) return restart();
    m.each([](Side& side) {
      side.CLIENTPD = 0;
      side.program();
      side.select(side.mode());
    });
  }

  bool m_counts = false;
};

TEST(DmiRandom, AMasterThatUsesPointersSeesWhatOneThatDoesNotSees) {
  static Both<Side> both;
  compare_in_step<Schedule>(both, fault);
}

}  // namespace
}  // namespace smmuvp::dmi
