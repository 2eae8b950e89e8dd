#include "smmuvp/smmuv3/prefetch.h"

#include <algorithm>
#include <string>

#include "smmuvp/smmuv3/programming_interface.h"

namespace smmuvp::smmuv3 {

bool Prefetch::is_prefetch(const Command& command) {
  const auto opcode = static_cast<Opcode>(command.opcode);
  return opcode == Opcode::CMD_PREFETCH_CONFIG || opcode == Opcode::CMD_PREFETCH_ADDR;
}

// 4.2.2: 2^Size of them, but no more than the TLB can hold, nor beyond the end of the address space.
// CMD_PREFETCH_CONFIG: one configuration, and no translation.
std::uint64_t Prefetch::translations() const {
  if (static_cast<Opcode>(m_command.opcode) == Opcode::CMD_PREFETCH_CONFIG) return 1;
  const std::uint64_t before_end = (~m_command.Address >> m_command.stride_shift(m_parts.features)) + 1;
  const std::uint64_t held = m_parts.engine.tlb().geometry().entries();
  return std::min({std::uint64_t{1} << m_command.Size, held, before_end});
}

void Prefetch::start(const Command& command, smmu::TimePs time) {
  // 4.2: out of range, or while SMMUEN is 0, it is consumed and does nothing
  if (!m_interface.enabled(CR0_SMMUEN) || !m_interface.wanted(CR0_SMMUEN)) return;
  if (!m_interface.stream_table().in_range(command.StreamID)) return;
  ++m_parts.statistics.prefetches;
  m_command = command;
  m_done = 0;
  enter(time);
}

// 6.3.9.6: nothing is fetched or updated once SMMUEN is acknowledged as 0
bool Prefetch::abandoned() const { return !m_interface.wanted(CR0_SMMUEN); }

// Each address is looked up anew from the STE on, as that of an access is: an invalidation between two of
// them is obeyed.
void Prefetch::begin() {
  if (m_done >= translations()) return end();
  ConfigRequest request;
  request.stream_id = m_command.StreamID;
  request.substream_id = m_command.SubstreamID;
  request.substream_valid = m_command.SSV;
  look_up(request);
}

void Prefetch::configured(const Configuration& found) {
  if (found.fault && found.fault->type == EventType::C_BAD_SUBSTREAMID && m_command.SSV &&
      found.ste.cds.S1CDMax == 0) {
    m_parts.diag.guest_error(std::string(opcode_name(m_command.opcode)) + ".SSV",
                             std::string(opcode_name(m_command.opcode)) +
                                 " has SSV 1, and the stream has no substreams: it prefetches no CD and no "
                                 "translation. Set SSV to 0",
                             "IHI 0070 4.2", m_command.StreamID);
  }
  const bool translates = !found.fault && !found.ste.aborts() && (found.stage1 || found.ste.stage2_enabled());
  if (!translates || static_cast<Opcode>(m_command.opcode) == Opcode::CMD_PREFETCH_CONFIG) return end();
  // 3.14: no dirty state changes. 3.13.2: where a right lacks, the Access flag may be set all the same; which
  // rights an access will need, the command does not say.
  smmu::TranslationRequest request;
  request.address = m_command.Address + (m_done << m_command.stride_shift(m_parts.features));
  request.access = pgtable::AccessType::none;
  // 4.2.2: of a Secure stream whose stage 1 does not translate
  const bool secure = m_interface.secure() && !is_set(m_command.words, CMD_PREFETCH_ADDR_NS);
  request.space = secure ? smmu::AddressSpace::secure : smmu::AddressSpace::non_secure;
  translate(found.context, request);
}

// Found or not: no fault of it is recorded (4.2).
void Prefetch::translated(const smmu::Translation&) {
  ++m_done;
  again();
}

void Prefetch::reset() {
  Lookup::reset();
  m_command = {};
  m_done = 0;
}

void Prefetch::visit_own(Archive& archive) {
  archive.value("words", m_command.words);
  archive.value("done", m_done);
  if (archive.loading()) m_command = Command::decode(m_command.words);
}

bool Prefetch::sane() const { return !running() || is_prefetch(m_command); }

}  // namespace smmuvp::smmuv3
