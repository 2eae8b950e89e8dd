#include "smmuvp/router/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

constexpr TracePoint<std::string, std::string, std::uint64_t, std::uint64_t, bool> trace_access{
    "router.access", "an access and its target", {"initiator", "target", "address", "length", "write"}};
constexpr TracePoint<std::string, std::uint64_t, std::uint64_t, bool> trace_decode_error{
    "router.decode_error", "an access that no target has", {"initiator", "address", "length", "write"}};

// Ports are added after the router's constructor, when SystemC takes no more ports for it; so each lives in
// a small module of its own.
std::string port_module_name(const char* router, const char* role, const std::string& name) {
  std::string out = fmt::format("{}_{}_{}", router, role, name);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return sc_core::sc_gen_unique_name(out.c_str());
}

}  // namespace

struct Router::Upstream : sc_core::sc_module {
  Upstream(const sc_core::sc_module_name& module, std::string initiator)
      : sc_core::sc_module(module), initiator_name(std::move(initiator)), socket("socket") {}
  std::string initiator_name;
  tlm_utils::simple_target_socket_tagged<Router, platform_buswidth> socket;
};

struct Router::Downstream : sc_core::sc_module {
  Downstream(const sc_core::sc_module_name& module, std::string target, std::uint64_t first,
             std::uint64_t size)
      : sc_core::sc_module(module),
        target_name(std::move(target)),
        base(first),
        last(first + (size - 1)),
        socket("socket") {}
  std::string target_name;
  std::uint64_t base;
  std::uint64_t last;
  std::uint64_t accesses = 0;
  tlm_utils::simple_initiator_socket_tagged<Router, platform_buswidth> socket;
};

Router::Router(const sc_core::sc_module_name& name, const Params& params, Host& host)
    : Component(name, "router", params, host),
      m_latency(static_cast<double>(params.uint("latency_ps")), sc_core::SC_PS),
      m_diag(&this->host().diag(), this->name()),
      m_tracer(this->host().trace(), this->name()) {}

Router::~Router() = default;

TargetSocket& Router::add_initiator(const std::string& initiator) {
  const int id = static_cast<int>(m_upstream.size());
  m_upstream.push_back(
      std::make_unique<Upstream>(port_module_name(name(), "from", initiator).c_str(), initiator));
  auto& socket = m_upstream.back()->socket;
  socket.register_b_transport(this, &Router::b_transport, id);
  socket.register_get_direct_mem_ptr(this, &Router::get_direct_mem_ptr, id);
  socket.register_transport_dbg(this, &Router::transport_dbg, id);
  return socket;
}

InitiatorSocket& Router::add_target(const std::string& target, std::uint64_t base, std::uint64_t size) {
  if (size == 0) {
    throw ConfigError(target, fmt::format("'{}' at {:#x} in '{}' has an empty range", target, base, name()));
  }
  const std::uint64_t last = base + (size - 1);
  if (last < base) {
    throw ConfigError(target, fmt::format("'{}' at {:#x} with size {:#x} in '{}' runs over the end of the "
                                          "64-bit address space",
                                          target, base, size, name()));
  }
  for (const auto& other : m_downstream) {
    if (base <= other->last && other->base <= last) {
      throw ConfigError(
          target, fmt::format("'{}' at {:#x} to {:#x} overlaps '{}' at {:#x} to {:#x} in '{}'", target, base,
                              last, other->target_name, other->base, other->last, name()));
    }
  }
  const int id = static_cast<int>(m_downstream.size());
  m_downstream.push_back(
      std::make_unique<Downstream>(port_module_name(name(), "to", target).c_str(), target, base, size));
  Downstream* added = m_downstream.back().get();
  added->socket.register_invalidate_direct_mem_ptr(this, &Router::invalidate_direct_mem_ptr, id);
  m_map.insert(std::upper_bound(m_map.begin(), m_map.end(), base,
                                [](std::uint64_t b, const Downstream* d) { return b < d->base; }),
               added);
  return added->socket;
}

Router::Decoded Router::decode(std::uint64_t address) const {
  const auto next = std::upper_bound(m_map.begin(), m_map.end(), address,
                                     [](std::uint64_t a, const Downstream* d) { return a < d->base; });
  Decoded out;
  if (next != m_map.end()) out.last = (*next)->base - 1;
  if (next != m_map.begin()) {
    Downstream* candidate = *(next - 1);
    if (address <= candidate->last) return {candidate, candidate->base, candidate->last};
    out.first = candidate->last + 1;
  }
  return out;
}

void Router::refuse(int initiator, tlm::tlm_generic_payload& payload, const Decoded& decoded) {
  const std::uint64_t address = payload.get_address();
  const std::uint64_t length = payload.get_data_length();
  const std::string& who = m_upstream[static_cast<std::size_t>(initiator)]->initiator_name;
  const char* verb = payload.is_write() ? "write" : "read";
  if (decoded.target == nullptr) {
    ++m_decode_errors;
    m_diag.guest_error("decode", fmt::format("{} of {} bytes by '{}': no target there", verb, length, who),
                       "", {}, address);
  } else {
    ++m_straddles;
    m_diag.guest_error("straddle",
                       fmt::format("{} of {} bytes by '{}' runs over the end of '{}' at {:#x}", verb, length,
                                   who, decoded.target->target_name, decoded.last),
                       "", {}, address);
  }
  if (m_tracer.on()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp()), trace_decode_error, who, address, length,
                  payload.is_write());
  }
  payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
}

void Router::b_transport(int initiator, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  ++m_accesses;
  delay += m_latency;
  const std::uint64_t address = payload.get_address();
  const Decoded decoded = decode(address);
  // With a streaming width below the length the same bytes are accessed again (IEEE 1666 14.17).
  const std::uint64_t length = payload.get_data_length();
  const std::uint64_t width = payload.get_streaming_width();
  const std::uint64_t span = width != 0 ? std::min(length, width) : length;
  if (decoded.target == nullptr || (span != 0 && span - 1 > decoded.last - address)) {
    refuse(initiator, payload, decoded);
    return;
  }
  ++decoded.target->accesses;
  if (m_tracer.on()) {
    m_tracer.emit(to_ps(sc_core::sc_time_stamp() + delay), trace_access,
                  m_upstream[static_cast<std::size_t>(initiator)]->initiator_name,
                  decoded.target->target_name, address, length, payload.is_write());
  }
  payload.set_address(address - decoded.first);
  decoded.target->socket->b_transport(payload, delay);
  payload.set_address(address);
}

bool Router::get_direct_mem_ptr(int, tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) {
  const std::uint64_t address = payload.get_address();
  const Decoded decoded = decode(address);
  dmi.init();
  if (decoded.target == nullptr) {
    dmi.set_start_address(decoded.first);
    dmi.set_end_address(decoded.last);
    return false;
  }
  payload.set_address(address - decoded.first);
  const bool granted = decoded.target->socket->get_direct_mem_ptr(payload, dmi);
  payload.set_address(address);
  // A grant may be larger than the range that this router gives the target.
  const std::uint64_t size_1 = decoded.last - decoded.first;
  const std::uint64_t start = std::min<std::uint64_t>(dmi.get_start_address(), size_1);
  const std::uint64_t end = std::min<std::uint64_t>(dmi.get_end_address(), size_1);
  dmi.set_start_address(decoded.first + start);
  dmi.set_end_address(decoded.first + end);
  dmi.set_read_latency(dmi.get_read_latency() + m_latency);
  dmi.set_write_latency(dmi.get_write_latency() + m_latency);
  return granted;
}

unsigned Router::transport_dbg(int, tlm::tlm_generic_payload& payload) {
  const std::uint64_t address = payload.get_address();
  const unsigned length = payload.get_data_length();
  const Decoded decoded = decode(address);
  if (decoded.target == nullptr || length == 0) return 0;
  const std::uint64_t room_1 = decoded.last - address;
  payload.set_address(address - decoded.first);
  if (length - 1 > room_1) payload.set_data_length(static_cast<unsigned>(room_1 + 1));
  const unsigned done = decoded.target->socket->transport_dbg(payload);
  payload.set_address(address);
  payload.set_data_length(length);
  return done;
}

void Router::invalidate_direct_mem_ptr(int target, sc_dt::uint64 start, sc_dt::uint64 end) {
  const Downstream& from = *m_downstream[static_cast<std::size_t>(target)];
  const std::uint64_t size_1 = from.last - from.base;
  if (start > size_1 || end < start) return;
  const std::uint64_t first = from.base + start;
  const std::uint64_t last = from.base + std::min<std::uint64_t>(end, size_1);
  for (const auto& up : m_upstream) up->socket->invalidate_direct_mem_ptr(first, last);
}

void Router::visit(Archive& archive) {
  archive.begin("router");
  archive.value("accesses", m_accesses);
  archive.value("decode_errors", m_decode_errors);
  archive.value("straddles", m_straddles);
  for (const auto& target : m_downstream) archive.value(target->target_name, target->accesses);
  archive.end();
}

void Router::statistics(StatVisitor& visitor) const {
  visitor.stat("accesses", m_accesses, "1", "accesses routed or refused (DMI is not counted)");
  visitor.stat("decode_errors", m_decode_errors, "1", "accesses to addresses without a target");
  visitor.stat("straddles", m_straddles, "1", "accesses that ran over a target's end");
  for (const auto& target : m_downstream) {
    visitor.stat("to_" + target->target_name, target->accesses, "1", "accesses passed to this target");
  }
}

const ComponentType& router_type() {
  static const ComponentType type{
      "router",
      "address router for any number of initiators and targets",
      {{"latency_ps", ParamType::Uint, "0", "Time added to each access, in picoseconds.", 0,
        1'000'000'000'000}},
      [](const char* name, const Params& params, Host& host) -> std::unique_ptr<Component> {
        return std::make_unique<Router>(name, params, host);
      },
      {trace_access, trace_decode_error}};
  return type;
}

}  // namespace smmuvp
