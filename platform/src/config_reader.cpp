#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "config.h"
#include "duration.h"
#include "guest_files.h"
#include "smmuvp/base/params.h"
#include "toml_table.h"

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t most_spi = 987;  // GICv2: interrupts 32 to 1019
constexpr std::uint64_t most_ppi = 15;

bool good_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && letter(name[0]) && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

class Reader {
 public:
  explicit Reader(std::string directory) : m_directory(std::move(directory)) {}

  PlatformConfig read(const TomlValue& root, const std::string& file);

 private:
  HostFile host_file(const TomlValue& value, const std::string& what) const {
    const std::string written = toml_text(value, what);
    if (written.empty()) config_error(value.place, what, fmt::format("{} is an empty path", what));
    return {resolve_path(written, m_directory), written, value.place};
  }
  BootConfig boot(const TomlValue& value) const;
  RunConfig run(const TomlValue& value) const;
  ComponentConfig component(const std::string& name, const TomlValue& value) const;
  void params(ComponentConfig& to, const TomlValue& value) const;
  void map(ComponentConfig& to, const TomlValue& value) const;
  Window window(const std::string& port, const TomlValue& value, const std::string& what) const;
  void interrupts(ComponentConfig& to, const TomlValue& value) const;
  void wires(ComponentConfig& to, const TomlValue& value) const;
  void behind(ComponentConfig& to, const TomlValue& value) const;

  std::string m_directory;
};

BootConfig Reader::boot(const TomlValue& value) const {
  TomlTable table(value, "[boot]");
  BootConfig boot;
  boot.place = value.place;
  if (const TomlValue* v = table.take("kernel")) boot.kernel = host_file(*v, "kernel");
  if (const TomlValue* v = table.take("init")) boot.init = host_file(*v, "init");
  if (const TomlValue* v = table.take("bootargs")) boot.bootargs = toml_text(*v, "bootargs");
  if (const TomlValue* v = table.take("hint")) boot.hint = toml_text(*v, "hint");
  if (const TomlValue* v = table.take("modules")) {
    if (!v->is_array()) toml_texts(*v, "modules");
    for (const TomlValue& item : v->array) boot.modules.push_back(host_file(item, "modules"));
  }
  if (const TomlValue* v = table.take("files")) {
    TomlTable files(*v, "[boot.files]");
    for (const auto& [path, file, place] : files.take_all())
      boot.files.emplace_back(path, host_file(file, path));
  }
  if (const TomlValue* v = table.take("initrd")) boot.initrd = host_file(*v, "initrd");
  if (const TomlValue* v = table.take("dtb")) boot.dtb = host_file(*v, "dtb");
  table.finish();
  if (boot.initrd && (boot.init || !boot.modules.empty() || !boot.files.empty())) {
    config_error(boot.initrd->place, "initrd",
                 "initrd is a whole initramfs: it goes without 'modules', 'init' and 'files'");
  }
  return boot;
}

RunConfig Reader::run(const TomlValue& value) const {
  TomlTable table(value, "[run]");
  RunConfig run;
  const auto time = [&](const char* key, std::optional<std::uint64_t>& to) {
    const TomlValue* v = table.take(key);
    if (v == nullptr) return;
    std::uint64_t ps = 0;
    if (!parse_duration(toml_text(*v, key), ps)) {
      config_error(v->place, key,
                   fmt::format("{}: '{}' is no time (expected for example \"10s\" or \"500ms\")", key,
                               toml_text(*v, key)));
    }
    if (ps == 0) {
      config_error(v->place, key, fmt::format("{}: '{}' must be more than 0", key, toml_text(*v, key)));
    }
    to = ps;
  };
  time("timeout_sim", run.timeout_sim_ps);
  time("timeout_wall", run.timeout_wall_ps);
  if (const TomlValue* v = table.take("reset")) {
    const std::string word = toml_text(*v, "reset");
    if (word != "pass" && word != "fail") {
      config_error(v->place, "reset", fmt::format("reset: '{}' is neither \"pass\" nor \"fail\"", word));
    }
    run.reset_passes = word == "pass";
  }
  if (const TomlValue* v = table.take("min_tests")) run.min_tests = toml_number(*v, "min_tests");
  if (const TomlValue* v = table.take("console_limit")) {
    run.console_limit = toml_number(*v, "console_limit");
    if (run.console_limit == 0) config_error(v->place, "console_limit", "console_limit must be more than 0");
  }
  table.finish();
  return run;
}

void Reader::params(ComponentConfig& to, const TomlValue& value) const {
  TomlTable table(value, fmt::format("[{}.params]", to.name));
  for (const auto& [name, v, place] : table.take_all()) {
    ParamSetting setting{name, false, place};
    const std::string what = fmt::format("parameter '{}'", name);
    const auto is_text = [](const TomlValue& item) { return item.is_string(); };
    if (v.is_array() && std::all_of(v.array.begin(), v.array.end(), is_text)) {  // names, as one text
      std::string names;
      for (const std::string& text : toml_texts(v, what)) names += (names.empty() ? "" : ", ") + text;
      setting.value = names;
      to.params.push_back(std::move(setting));
      continue;
    }
    need_scalar(v, what);
    if (v.is_boolean()) {
      setting.value = v.boolean;
    } else if (v.is_integer()) {
      setting.value = toml_number(v, name);
    } else {
      setting.value = toml_text(v, what);
    }
    to.params.push_back(std::move(setting));
  }
}

Window Reader::window(const std::string& port, const TomlValue& value, const std::string& what) const {
  Window w;
  w.port = port;
  w.place = value.place;
  if (value.is_array()) {
    const auto& list = value.array;
    if (list.empty() || list.size() > 2) {
      config_error(w.place, what, fmt::format("{} must be [address, size]", what));
    }
    w.base = toml_number(list[0], fmt::format("{}: address", what));
    if (list.size() == 2) {
      w.size = toml_number(list[1], fmt::format("{}: size", what));
      if (w.size == 0) config_error(list[1].place, what, fmt::format("{}: the size is 0", what));
    }
    return w;
  }
  config_error(w.place, what, fmt::format("{} must be [address, size]", what));
}

void Reader::map(ComponentConfig& to, const TomlValue& value) const {
  if (!value.is_table()) {
    to.windows.push_back(window("", value, fmt::format("[{}] map", to.name)));
    return;
  }
  TomlTable table(value, fmt::format("[{}] map", to.name));
  for (const auto& [port, v, place] : table.take_all()) {
    to.windows.push_back(window(port, v, fmt::format("[{}] map.{}", to.name, port)));
  }
}

void Reader::interrupts(ComponentConfig& to, const TomlValue& value) const {
  TomlTable table(value, fmt::format("[{}] interrupts", to.name));
  for (const auto& [port, v, place] : table.take_all()) {
    const std::string what = fmt::format("[{}] interrupts.{}", to.name, port);
    Interrupt interrupt{port, {}, place};
    if (v.is_string()) {
      const std::string& text = v.string;
      const bool ppi = text.rfind("PPI ", 0) == 0;
      std::uint64_t number = 0;
      if ((!ppi && text.rfind("SPI ", 0) != 0) || !parse_uint(std::string_view(text).substr(4), number)) {
        config_error(v.place, what,
                     fmt::format("{}: '{}' is neither \"SPI <number>\" nor \"PPI <number>\"", what, text));
      }
      if (number > (ppi ? most_ppi : most_spi)) {
        config_error(v.place, what,
                     fmt::format("{}: {} goes to {}", what, ppi ? "PPI" : "SPI", ppi ? most_ppi : most_spi));
      }
      interrupt.id = {ppi ? InterruptId::Kind::Ppi : InterruptId::Kind::Spi,
                      static_cast<std::uint32_t>(number)};
    } else {
      interrupt.id = {InterruptId::Kind::Spi, static_cast<std::uint32_t>(toml_number(v, what, most_spi))};
    }
    to.interrupts.push_back(std::move(interrupt));
  }
}

void Reader::wires(ComponentConfig& to, const TomlValue& value) const {
  TomlTable table(value, fmt::format("[{}] wires", to.name));
  for (const auto& [port, v, place] : table.take_all()) {
    const std::string what = fmt::format("[{}] wires.{}", to.name, port);
    const auto add = [&, port = port](const TomlValue& item) {
      const std::string target = toml_text(item, what);
      const std::size_t dot = target.find('.');
      if (dot == std::string::npos || dot == 0 || dot + 1 == target.size()) {
        config_error(item.place, what, fmt::format("{}: '{}' is not \"component.port\"", what, target));
      }
      to.wires.push_back({port, target.substr(0, dot), target.substr(dot + 1), item.place});
    };
    if (!v.is_array()) {
      add(v);
      continue;
    }
    for (const TomlValue& item : v.array) add(item);
  }
}

void Reader::behind(ComponentConfig& to, const TomlValue& value) const {
  const std::string what = fmt::format("[{}] behind", to.name);
  TomlTable table(value, what);
  Behind b;
  b.place = value.place;
  b.smmu = toml_text(table.need("smmu"), what + ".smmu");
  if (const TomlValue* v = table.take("port")) b.port = toml_text(*v, what + ".port");
  if (const TomlValue* v = table.take("tbu")) {
    b.tbu = static_cast<std::uint32_t>(toml_number(*v, what + ".tbu", 255));
  }
  b.stream = static_cast<std::uint32_t>(toml_number(table.need("stream"), what + ".stream", 0xffffffff));
  if (const TomlValue* v = table.take("count")) {
    b.count = static_cast<std::uint32_t>(toml_number(*v, what + ".count", 0xffffffff));
    if (b.count == 0) config_error(v->place, what, fmt::format("{}.count is 0", what));
  }
  if (const TomlValue* v = table.take("identity")) {
    const Window w = window("", *v, what + ".identity");
    if (w.size == 0) config_error(w.place, what, fmt::format("{}.identity must be [address, size]", what));
    b.identity = Identity{w.base, w.size, w.place};
  }
  table.finish();
  to.behind = std::move(b);
}

ComponentConfig Reader::component(const std::string& name, const TomlValue& value) const {
  ComponentConfig c;
  c.name = name;
  c.place = value.place;
  if (!good_name(name)) {
    config_error(
        c.place, name,
        fmt::format("'{}' is no name for a component: use letters, digits and '_', first a letter", name));
  }
  TomlTable table(value, fmt::format("[{}]", name));
  const TomlValue* type = table.take("type");
  const TomlValue* params_value = table.take("params");
  const TomlValue* map_value = table.take("map");
  const TomlValue* interrupts_value = table.take("interrupts");
  const TomlValue* wires_value = table.take("wires");
  const TomlValue* behind_value = table.take("behind");
  const TomlValue* bus = table.take("bus");
  table.finish();
  if (type == nullptr) {
    const std::string near = nearest(name, {"boot", "run"});
    config_error(
        c.place, name,
        fmt::format("[{}] has no 'type'; every table besides [boot] and [run] is a component{}", name,
                    near.empty() ? std::string() : fmt::format(" (did you mean [{}]?)", near)));
  }
  c.type = toml_text(*type, fmt::format("[{}] type", name));
  c.type_place = type->place;
  if (bus != nullptr) c.bus = toml_text(*bus, fmt::format("[{}] bus", name));
  if (params_value != nullptr) params(c, *params_value);
  if (map_value != nullptr) map(c, *map_value);
  if (interrupts_value != nullptr) interrupts(c, *interrupts_value);
  if (wires_value != nullptr) wires(c, *wires_value);
  if (behind_value != nullptr) behind(c, *behind_value);
  return c;
}

PlatformConfig Reader::read(const TomlValue& root, const std::string& file) {
  PlatformConfig config;
  config.file = file;
  config.directory = m_directory;
  config.name = std::filesystem::path(file).stem().string();
  TomlTable table(root, "the configuration");
  if (const TomlValue* v = table.take("plugins")) {
    if (!v->is_array()) toml_texts(*v, "plugins");
    for (const TomlValue& item : v->array) {
      config.plugin_directories.push_back(host_file(item, "plugins"));
    }
  }
  if (const TomlValue* v = table.take("name")) config.name = toml_text(*v, "name");
  if (const TomlValue* v = table.take("boot")) config.boot = boot(*v);
  if (const TomlValue* v = table.take("run")) config.run = run(*v);
  for (const auto& [key, value, place] : table.take_all()) {
    if (key == "plugins" || key == "name" || key == "boot" || key == "run") continue;
    if (!value.is_table()) {
      const std::string near = nearest(key, {"plugins", "name"});
      config_error(place, key,
                   near.empty() ? fmt::format("unknown key '{}'", key)
                                : fmt::format("unknown key '{}'; did you mean '{}'?", key, near));
    }
    config.components.push_back(component(key, value));
  }
  if (config.components.empty()) config_error({file, 0, 0}, "", "the configuration has no components");
  return config;
}

}  // namespace

std::string Place::text() const { return line == 0 ? file : fmt::format("{}:{}:{}", file, line, column); }

ConfigError error_at(const Place& place, const std::string& key, const std::string& text) {
  return {key, fmt::format("{}: {}", place.text(), text)};
}

void config_error(const Place& place, const std::string& key, const std::string& text) {
  throw error_at(place, key, text);
}

std::string InterruptId::text() const {
  return fmt::format("{} {}", kind == Kind::Spi ? "SPI" : "PPI", number);
}

PlatformConfig read_config_text(const std::string& text, const std::string& file,
                                const std::string& directory) {
  return Reader(directory).read(parse_toml(text, file), file);
}

PlatformConfig read_config(const std::string& path) {
  std::vector<std::uint8_t> data;
  std::string error;
  if (!read_file(path, 1 << 20, data, error)) throw ConfigError("", error);
  std::string directory = std::filesystem::path(path).parent_path().string();
  return read_config_text({data.begin(), data.end()}, path, directory.empty() ? "." : directory);
}

void apply_setting(PlatformConfig& config, const std::string& setting) {
  const Place place{fmt::format("--set {}", setting), 0, 0};
  const std::size_t equals = setting.find('=');
  const std::size_t dot = setting.find('.');
  if (dot == std::string::npos || equals == std::string::npos || dot > equals || dot == 0 ||
      dot + 1 == equals) {
    config_error(place, "", "expected component.parameter=value");
  }
  const std::string name = setting.substr(0, dot);
  std::vector<std::string> known;
  for (ComponentConfig& c : config.components) {
    if (c.name == name) {
      c.params.push_back({setting.substr(dot + 1, equals - dot - 1), setting.substr(equals + 1), place});
      return;
    }
    known.push_back(c.name);
  }
  const std::string near = nearest(name, known);
  config_error(place, name,
               near.empty() ? fmt::format("there is no component '{}'", name)
                            : fmt::format("there is no component '{}'; did you mean '{}'?", name, near));
}

}  // namespace smmuvp::platform
