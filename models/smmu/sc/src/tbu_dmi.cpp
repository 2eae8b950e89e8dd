// Direct memory pointers through a TBU: granted, hinted at and withdrawn.
#include "smmuvp/smmu_sc/tbu_shell.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp::smmu {

namespace {

bool has_right(const DirectRegion& region, const tlm::tlm_generic_payload& payload) {
  if (payload.is_read()) return region.read;
  if (payload.is_write()) return region.write;
  return region.read || region.write;
}

/// For as long as it lives a payload is as it goes downstream.
class Downstream {
 public:
  Downstream(tlm::tlm_generic_payload& payload, const AccessAnswer& answer)
      : m_payload(payload), m_address(payload.get_address()) {
    if (auto* given = payload.get_extension<AccessExtension>()) m_extension = *given;
    set_output(m_extension, answer);
    m_extension.privileged = answer.privileged;
    m_extension.instruction = answer.instruction;
    m_given = payload.set_extension(&m_extension);
    payload.set_address(answer.output);
  }
  ~Downstream() {
    m_payload.set_address(m_address);
    m_payload.set_extension(m_given);
  }
  Downstream(const Downstream&) = delete;
  Downstream& operator=(const Downstream&) = delete;

 private:
  tlm::tlm_generic_payload& m_payload;
  sc_dt::uint64 m_address;
  AccessExtension m_extension;
  AccessExtension* m_given = nullptr;
};

}  // namespace

bool TbuShell::is_fixed_identity(const AccessRequest& request) const {
  return request.stream_id == m_tbu.stream_id && !request.substream_valid && !request.privileged &&
         !request.instruction && request.space == AddressSpace::non_secure && !request.secure_stream;
}

bool TbuShell::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  dmi.init();
  if (m_grants == nullptr) return false;  // for all addresses, as tlm_dmi's defaults are
  // A refusal is of this address, for now: the next access there may change it.
  const std::uint64_t address = payload.get_address();
  dmi.set_start_address(address);
  dmi.set_end_address(address);
  if (!m_smmu.supply().runs() || m_smmu.injects_into_hits()) return false;
  AccessRequest request = shape(payload).request;
  if (request.unsupported == Unsupported::ats || request.ats != AtsPhase::none ||
      !is_fixed_identity(request)) {
    return false;
  }
  Engine& engine = m_smmu.engine();
  AccessAnswer answer;
  std::optional<DirectRegion> region = engine.direct_region(request, answer);
  if (!region || !has_right(*region, payload)) return false;

  tlm::tlm_dmi given;
  {
    const Downstream as_it_goes_on(payload, answer);
    if (!m_out->get_direct_mem_ptr(payload, given) || given.get_dmi_ptr() == nullptr) return false;
  }
  // To answer, downstream may have withdrawn pointers of others, who may have written registers of the SMMU.
  region = engine.direct_region(request, answer);
  if (!region || !m_smmu.supply().runs()) return false;
  region->read = region->read && given.is_read_allowed();
  region->write = region->write && given.is_write_allowed();
  const AddressRange allowed{given.get_start_address(), given.get_end_address()};
  if (!has_right(*region, payload) || !region->clip(allowed, address) || !m_grants->add(*region)) {
    return false;
  }
  ++engine.tcu_statistics().dmi_grants;
  dmi.set_dmi_ptr(given.get_dmi_ptr() + (region->output.first - allowed.first));
  dmi.set_start_address(region->input.first);
  dmi.set_end_address(region->input.last);
  const sc_core::sc_time latency = from_ps(region->latency);
  dmi.set_read_latency(given.get_read_latency() + latency);
  dmi.set_write_latency(given.get_write_latency() + latency);
  if (region->read && region->write) {
    dmi.allow_read_write();
  } else if (region->read) {
    dmi.allow_read();
  } else {
    dmi.allow_write();
  }
  return true;
}

bool TbuShell::would_grant_here(const tlm::tlm_generic_payload& payload) const {
  if (!m_smmu.supply().runs() || m_smmu.injects_into_hits()) return false;
  AccessRequest request;
  request.stream_id = m_tbu.stream_id;
  request.port = m_tbu.index;
  request.address = payload.get_address();
  AccessAnswer answer;
  return m_smmu.engine().direct_region(request, answer).has_value();
}

void TbuShell::withdraw(const AddressRange& range) {
  m_in->invalidate_direct_mem_ptr(range.first, range.last);
}

void TbuShell::invalidate_direct_mem_ptr(sc_dt::uint64 start, sc_dt::uint64 end) {
  if (m_grants != nullptr) m_smmu.engine().withdraw_output(m_tbu.index, {start, end});
}

}  // namespace smmuvp::smmu
