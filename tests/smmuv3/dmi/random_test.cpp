// A master of an SMMUv3 that uses pointers sees what one that does not sees, whatever software and memory do.
#include <array>
#include <optional>

#include "../../smmu/dmi/in_step.h"
#include "bench.h"

namespace smmuvp::dmi {
namespace {

using smmuv3::World;

/// What the stream's STE says.
enum Mode : std::uint8_t { stage1, stage2, nested, bypass, abort, modes };

constexpr std::uint64_t vmid = 3;
constexpr std::uint64_t ipa = 0x7000'0000;    // of Ram::base where stage 1 is in front of stage 2
constexpr std::uint64_t block = 0x4000'0000;  // a block's address
constexpr std::uint64_t block_output = Ram::base + 0x20'0000;
constexpr unsigned pages = 6;

/// One of the two, and what software has made in its memory.
class Side {
 public:
  explicit Side(const char* name) : s(name) {}

  void restart() {
    s.restart();
    m_ipas = &s.world.guest();
    m_tables[stage1] = &s.world.space();
    m_tables[stage2] = &s.world.ipa_space();
    m_tables[nested] = &s.world.nested_space(smmuv3::Stage2World::stage1_config());
    EXPECT_TRUE(m_ipas->map(ipa, Ram::base, 0x20'0000));
    for (const Mode mode : {stage1, stage2, nested}) {
      // A page that stays keeps the tables above the others.
      EXPECT_TRUE(m_tables[mode]->map(0x1f'f000, output(mode, 0), 0x1000));
      m_mode = mode;
      for (unsigned i = 0; i < pages; ++i) map(address(i), i, true);
      map_block(true);
    }
    asid = 1;
    configure(stage1);
  }
  void configure(Mode mode) {
    m_mode = mode;
    const std::uint64_t cd = World::cd_address(stream_id);
    const pgtable::Stage2Config& guest = m_ipas->config().stage2;
    if (mode == stage1 || mode == nested) s.world.put(cd, smmuv3::cd_for(m_tables[mode]->config(), asid));
    switch (mode) {
      case stage1:
        return s.world.put_ste(stream_id, smmuv3::ste_stage1(cd));
      case stage2:
        return s.world.stage2_stream(stream_id, *m_tables[stage2], vmid);
      case nested:
        return s.world.put_ste(stream_id, smmuv3::ste_nested(smmuv3::Stage2World::ipa_of(cd), guest, vmid));
      case bypass:
        return s.world.put_ste(stream_id, smmuv3::ste_bypass());
      default:
        return s.world.put_ste(stream_id, smmuv3::ste_abort());
    }
  }
  Mode mode() const { return m_mode; }
  bool translates() const { return m_mode <= nested; }
  static std::uint64_t address(unsigned page) { return 0x10000 + page * 0x1000ULL; }
  static std::uint64_t output(Mode mode, unsigned page) {
    return (mode == nested ? ipa : Ram::base) + page * 0x1000ULL;
  }
  /// The present tables: whatever is at `va` is replaced.
  void map(std::uint64_t va, unsigned page, bool writable) {
    unmap(va);
    pgtable::Mapping mapping;
    mapping.writable = writable;
    EXPECT_TRUE(m_tables[m_mode]->map(va, output(m_mode, page), 0x1000, mapping));
  }
  void unmap(std::uint64_t va) { m_tables[m_mode]->unmap(va, 0x1000); }
  void map_block(bool there) {
    m_tables[m_mode]->unmap(block, 0x20'0000);
    if (!there) return;
    EXPECT_TRUE(m_tables[m_mode]->map(block, m_mode == nested ? ipa : block_output, 0x20'0000));
  }
  /// The hypervisor moves, or takes, what is behind an IPA of the nested stream.
  void move_ipa(unsigned page, std::optional<unsigned> to) {
    const std::uint64_t at = ipa + page * 0x1000ULL;
    m_ipas->unmap(at, 0x1000, pgtable::Splitting::allowed);
    if (to) {
      EXPECT_TRUE(m_ipas->map(at, Ram::base + *to * 0x1000ULL, 0x1000));
    }
  }

  std::uint16_t asid = 1;
  System s;

 private:
  Mode m_mode = stage1;
  pgtable::Builder* m_ipas = nullptr;
  std::array<pgtable::Builder*, 3> m_tables{};
};

class Schedule : public InStep<Side> {
 public:
  using InStep::InStep;

  void run(unsigned steps) {
    restart();
    for (unsigned i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    compare_memory();
  }
  std::array<std::uint64_t, modes + 1> by_pointer{};  // accesses by mode, the last of a disabled SMMU

 private:
  void restart() {
    m.each([](Side& side) { side.restart(); });
    use_pointers();
  }
  std::uint64_t any_page() { return Side::address(static_cast<unsigned>(below(pages))); }

  void step() {
    if (!one_in(6)) return access();
    change();
    compare_pointers();
  }
  void change() {
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        return change_page();
      case 3:
        return change_block();
      case 4:
        return change_ipa();
      case 5:
        return change_configuration();
      case 6:
        return invalidate_something();
      case 7:
      case 8:
        return change_memory();
      case 9:
        return switch_smmu();
      case 10:
        return change_asid();
      default:
        if (one_in(4)) reset();
    }
  }

  void access() {
    std::uint64_t address = any_page();
    if (one_in(4)) address = block + below(3) * 0x8'0000;
    // Where nothing is bypassed nothing is mapped there.
    if (m.plain.mode() == bypass || m_disabled || one_in(12)) address = ram_page(below(8));
    const bool by = InStep::access(address, [disabled = m_disabled](Side& side) {
      if (disabled) return;
      side.s.cpu.put(0x20, smmuv3::CR0_CMDQEN | smmuv3::CR0_EVENTQEN);
      side.s.cpu.put(0x20, smmuv3::CR0_implemented);
    });
    if (by) ++by_pointer[m_disabled ? modes : m.plain.mode()];
    settle();
  }
  /// Records are the same, in the same order, and software takes them.
  void settle() {
    m.each([](Side&) { test::advance(2'000'000); });
    while (true) {
      const smmuv3::Record a = m.plain.s.pop_event(), b = m.direct.s.pop_event();
      EXPECT_EQ(a, b);
      if ((a[0] == 0 && b[0] == 0) || a != b) return;
    }
  }
  void command(std::uint64_t word0, std::uint64_t word1 = 0) {
    m.each([&](Side& side) { side.s.command(word0, word1); });
  }

  /// Whatever of stage 1 there is for `va`, by one of the commands that suffice.
  void invalidate_va(std::uint64_t va) {
    const std::uint64_t of_vmid = m.plain.mode() == nested ? vmid << 32 : 0;
    const std::uint64_t of_asid = std::uint64_t{m.plain.asid} << 48;
    switch (below(6)) {
      case 0:
        return command(0x12 | of_vmid | of_asid, va | 1);
      case 1:
        return command(0x13 | of_vmid, va);
      case 2:
        return command(0x11 | of_vmid | of_asid);
      case 3:
        return command(0x10 | of_vmid);
      case 4:
        return command(0x28 | of_vmid);
      default:
        return command(0x30);
    }
  }
  void invalidate_ipa(std::uint64_t at) {
    switch (below(3)) {
      case 0:
        command(0x2a | vmid << 32, at);
        if (m.plain.mode() != stage2) command(0x10 | vmid << 32);
        return;
      case 1:
        return command(0x28 | vmid << 32);
      default:
        return command(0x30);
    }
  }
  void invalidate_mapping(std::uint64_t va) {
    if (m.plain.mode() == stage2) return invalidate_ipa(va);
    invalidate_va(va);
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
    const unsigned page = static_cast<unsigned>(below(8));
    std::optional<unsigned> to;
    if (!one_in(4)) to = static_cast<unsigned>(below(8));
    m.each([&](Side& side) { side.move_ipa(page, to); });
    invalidate_ipa(ipa + page * 0x1000ULL);
  }
  void invalidate_configuration(bool ste) {
    const std::uint64_t sid = std::uint64_t{stream_id} << 32;
    switch (below(ste ? 3 : 5)) {
      case 0:
        return command(0x3 | sid, 1);
      case 1:
        return command(0x4 | sid, 2);
      case 2:
        return command(0x4, 31);
      case 3:
        return command(0x5 | sid, 1);
      default:
        return command(0x6 | sid);
    }
  }
  void change_configuration() {
    const Mode mode = static_cast<Mode>(below(modes));
    m.each([&](Side& side) { side.configure(mode); });
    invalidate_configuration(true);
  }
  /// Another ASID for the same tables, or for those of nobody.
  void change_asid() {
    const Mode mode = m.plain.mode();
    if (mode != stage1 && mode != nested) return;
    const auto asid = static_cast<std::uint16_t>(1 + below(2));
    m.each([&](Side& side) {
      side.asid = asid;
      side.configure(mode);
    });
    invalidate_configuration(false);
    command(0x11 | (mode == nested ? vmid << 32 : 0) | std::uint64_t{asid} << 48);
  }
  /// What nobody needs is harmless.
  void invalidate_something() {
    if (one_in(2)) return invalidate_va(any_page());
    one_in(2) ? invalidate_ipa(ipa + below(8) * 0x1000) : invalidate_configuration(one_in(2));
  }
  void change_memory() { swap(one_in(4) ? block_output + below(3) * 0x8'0000 : ram_page(below(8))); }
  void switch_smmu() {
    const bool aborts = one_in(3);
    const bool first = one_in(2);  // GBPA changes before SMMUEN, or after it
    const auto set_gbpa = [&](Side& side) {
      side.s.cpu.put(0x44, smmuv3::GBPA_Update | (aborts ? smmuv3::GBPA_ABORT : 0));
    };
    if (first) m.each(set_gbpa);
    m_disabled = !m_disabled;
    m.each([&](Side& side) {
      side.s.cpu.put(0x20, m_disabled ? smmuv3::CR0_CMDQEN | smmuv3::CR0_EVENTQEN : smmuv3::CR0_implemented);
    });
    if (!first) m.each(set_gbpa);
    // What has changed meanwhile has been invalidated then.
    if (one_in(2)) command(0x30);
    if (one_in(2)) command(0x4, 31);
  }
  void reset() {
    compare_memory();
    m.each([](Side& side) { side.s.pulse_reset(); });
    m_disabled = false;
    m.each([](Side& side) { side.s.start(); });
    if (one_in(2)) return;
    restart();
  }
  bool m_disabled = false;
};

TEST(DmiRandom, AMasterThatUsesPointersSeesWhatOneThatDoesNotSees) {
  static Both<Side> both;
  compare_in_step<Schedule>(both, abort);
}

}  // namespace
}  // namespace smmuvp::dmi
