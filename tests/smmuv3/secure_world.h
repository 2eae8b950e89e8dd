// Secure software and devices around an SMMUv3 core, beside Non-secure ones: memory has bytes of its own in
// each PA space, and both put their structures at the same addresses.
#pragma once

#include <cstdint>
#include <optional>

#include "stage2_world.h"

namespace smmuvp::smmuv3 {

using smmu::AddressSpace;

inline Features with_secure() {
  Features f;
  f.SECURE_IMPL = true;
  return f;
}
inline Features with_sel2() {
  Features f = with_secure();
  f.Hyp = f.RIL = f.FWB = f.SEL2 = true;
  f.BBML = 1;
  return f;
}

class SecureWorld : public World {
 public:
  explicit SecureWorld(const Features& features = with_secure(), TraceSink* trace = nullptr,
                       const Structures& structures = untimed())
      : World(features, structures, trace) {
    memory.tells_spaces = true;
  }

  /// A place in Secure PA space.
  static constexpr std::uint64_t secure(std::uint64_t address) { return TestMemory::secure | address; }
  static std::uint64_t in(AddressSpace space, std::uint64_t address) {
    return space == AddressSpace::secure ? secure(address) : address;
  }

  // ---- registers
  std::uint64_t read_as(AccessSecurity security, std::uint32_t offset, unsigned bytes = 4) {
    std::uint64_t v = 0;
    smmu.window().at(offset).read(offset, bytes, security, now, v);
    return v;
  }
  void write_as(AccessSecurity security, std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    smmu.window().at(offset).write(offset, bytes, security, now, value);
  }
  std::uint32_t s_read(std::uint32_t offset) {
    return static_cast<std::uint32_t>(read_as(AccessSecurity::Secure, offset));
  }
  void s_write(std::uint32_t offset, std::uint64_t value, unsigned bytes = 4) {
    write_as(AccessSecurity::Secure, offset, value, bytes);
  }
  ProgrammingInterface& s_interface() { return *smmu.secure_interface(); }

  /// As start(), of the Secure interface.
  void s_start(unsigned log2size = 8, std::uint32_t cr0 = CR0_implemented,
               std::uint32_t cr2 = CR2_RECINVSID) {
    s_write(0x8028, 0xd75);
    s_write(0x802c, cr2);
    s_write(0x8080, strtab, 8);
    s_write(0x8088, log2size);
    s_write(0x8090, cmdq | log2_cmds, 8);
    s_write(0x80a0, eventq | log2_events, 8);
    s_write(0x8050, IRQ_CTRL_implemented);
    s_write(0x8020, cr0);
  }

  // ---- structures
  void s_put(std::uint64_t address, const Structure& s) { put(secure(address), s); }
  void s_put_ste(std::uint32_t sid, const Structure& s) { s_put(strtab + 64ULL * sid, s); }
  /// Tables that lie in one PA space, whatever the configuration says.
  pgtable::Builder& tables_in(AddressSpace space, const pgtable::Config& c) {
    builders.emplace_back(
        c,
        [this, space](pgtable::MemoryOp op) {
          op.space = space;
          return memory.carry_out(op);
        },
        [this](std::uint64_t size) -> std::optional<std::uint64_t> { return allocate(size); });
    return builders.back();
  }
  static pgtable::Config s_config() {
    pgtable::Config c = Stage2World::stage1_config();
    c.space = AddressSpace::secure;
    return c;
  }
  /// A Secure stream with stage 1 translation by tables in Secure memory.
  pgtable::Builder& s_stream(std::uint32_t sid, std::uint16_t asid = 1, unsigned STRW = 0) {
    pgtable::Builder& b = tables_in(AddressSpace::secure, s_config());
    s_put(cd_address(sid), cd_for(b.config(), asid));
    s_put_ste(sid, ste_stage1(cd_address(sid)).set(94, 2, STRW));
    return b;
  }

  // ---- accesses
  static smmu::AccessRequest s_request(std::uint32_t sid, std::uint64_t address,
                                       AddressSpace space = AddressSpace::secure,
                                       smmu::AccessKind kind = smmu::AccessKind::read) {
    smmu::AccessRequest r = request(sid, address, kind);
    r.secure_stream = true;
    r.space = space;
    return r;
  }
  smmu::AccessAnswer s_access(std::uint32_t sid, std::uint64_t address,
                              AddressSpace space = AddressSpace::secure,
                              smmu::AccessKind kind = smmu::AccessKind::read) {
    return access(s_request(sid, address, space, kind));
  }
  smmu::AccessAnswer s_fetch(std::uint32_t sid, std::uint64_t address,
                             AddressSpace space = AddressSpace::secure) {
    smmu::AccessRequest r = s_request(sid, address, space);
    r.instruction = true;
    return access(r);
  }

  // ---- queues
  void s_push(std::uint64_t word0, std::uint64_t word1 = 0) {
    const std::uint32_t prod = s_read(0x8098);
    const std::uint64_t at = secure(cmdq + 16ULL * (prod & ((1U << log2_cmds) - 1)));
    memory.write(at, word0);
    memory.write(at + 8, word1);
    s_write(0x8098, (prod + 1) & ((2U << log2_cmds) - 1));
  }
  void s_command(std::uint64_t word0, std::uint64_t word1 = 0) {
    s_push(word0, word1);
    work();
  }
  bool s_commands_done() { return s_read(0x8098) == (s_read(0x809c) & 0xfffff); }
  std::optional<Record> s_pop_event() {
    const std::uint32_t prod = s_read(0x80a8) & 0xfffff;
    const std::uint32_t cons = s_read(0x80ac) & 0xfffff;
    if (prod == cons) return std::nullopt;
    Record e{};
    for (unsigned i = 0; i < 4; ++i) {
      e[i] = memory.read(secure(eventq + 32ULL * (cons & ((1U << log2_events) - 1)) + 8 * i), 8);
    }
    s_write(0x80ac, ((cons + 1) & ((2U << log2_events) - 1)) | (s_read(0x80ac) & EVENTQ_OVFLG));
    return e;
  }
  /// Takes the oldest Secure record, which must be there.
  Record s_event() {
    const auto e = s_pop_event();
    EXPECT_TRUE(e.has_value());
    return e.value_or(Record{});
  }
};

/// SSec of a command.
constexpr std::uint64_t SSec = std::uint64_t{1} << 10U;
constexpr std::uint64_t of_stream(std::uint32_t sid) { return std::uint64_t{sid} << 32U; }

}  // namespace smmuvp::smmuv3
