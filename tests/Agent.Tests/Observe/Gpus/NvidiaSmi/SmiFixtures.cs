namespace Headroom.Tests.Observe.Gpus.NvidiaSmi;

/// <summary>Written by hand after the shape that the drivers give; numbers and ids are made up.</summary>
internal static class SmiFixtures
{
    /// <summary>Format 11, driver 470: two cards, no reserved memory, old names; one before Turing.</summary>
    public const string Driver470 = """
        <?xml version="1.0" ?>
        <!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v11.dtd">
        <nvidia_smi_log>
            <timestamp>Mon Jan  4 10:00:00 2027</timestamp>
            <driver_version>470.256.02</driver_version>
            <cuda_version>11.4</cuda_version>
            <attached_gpus>2</attached_gpus>
            <gpu id="00000000:3B:00.0">
                <product_name>Tesla T4</product_name>
                <product_brand>Tesla</product_brand>
                <mig_mode><current_mig>N/A</current_mig><pending_mig>N/A</pending_mig></mig_mode>
                <mig_devices>
                    None
                </mig_devices>
                <uuid>GPU-11111111-2222-3333-4444-555555555555</uuid>
                <minor_number>0</minor_number>
                <pci>
                    <pci_bus_id>00000000:3B:00.0</pci_bus_id>
                    <pci_gpu_link_info>
                        <pcie_gen><max_link_gen>3</max_link_gen><current_link_gen>1</current_link_gen></pcie_gen>
                        <link_widths><max_link_width>16x</max_link_width><current_link_width>8x</current_link_width></link_widths>
                    </pci_gpu_link_info>
                    <replay_counter>3</replay_counter>
                    <tx_util>5000 KB/s</tx_util>
                </pci>
                <fan_speed>N/A</fan_speed>
                <performance_state>P8</performance_state>
                <clocks_throttle_reasons>
                    <clocks_throttle_reason_gpu_idle>Active</clocks_throttle_reason_gpu_idle>
                    <clocks_throttle_reason_sw_power_cap>Not Active</clocks_throttle_reason_sw_power_cap>
                    <clocks_throttle_reason_display_clocks_setting>Active</clocks_throttle_reason_display_clocks_setting>
                </clocks_throttle_reasons>
                <fb_memory_usage>
                    <total>15109 MiB</total>
                    <used>1024 MiB</used>
                    <free>14085 MiB</free>
                </fb_memory_usage>
                <utilization>
                    <gpu_util>12 %</gpu_util>
                    <memory_util>3 %</memory_util>
                    <encoder_util>0 %</encoder_util>
                    <decoder_util>100 %</decoder_util>
                </utilization>
                <ecc_errors>
                    <volatile>
                        <sram_correctable>1</sram_correctable>
                        <sram_uncorrectable>2</sram_uncorrectable>
                        <dram_correctable>10</dram_correctable>
                        <dram_uncorrectable>20</dram_uncorrectable>
                    </volatile>
                </ecc_errors>
                <remapped_rows>N/A</remapped_rows>
                <temperature>
                    <gpu_temp>41 C</gpu_temp>
                    <memory_temp>N/A</memory_temp>
                </temperature>
                <power_readings>
                    <power_state>P8</power_state>
                    <power_draw>9.81 W</power_draw>
                    <power_limit>70.00 W</power_limit>
                    <enforced_power_limit>65.00 W</enforced_power_limit>
                </power_readings>
                <clocks>
                    <graphics_clock>300 MHz</graphics_clock>
                    <sm_clock>300 MHz</sm_clock>
                    <mem_clock>405 MHz</mem_clock>
                </clocks>
                <max_clocks><sm_clock>1590 MHz</sm_clock></max_clocks>
                <supported_clocks><supported_mem_clock><value>5001 MHz</value></supported_mem_clock></supported_clocks>
                <processes>
                    <process_info>
                        <gpu_instance_id>N/A</gpu_instance_id>
                        <compute_instance_id>N/A</compute_instance_id>
                        <pid>2001</pid>
                        <type>C</type>
                        <process_name>/opt/tritonserver/bin/tritonserver</process_name>
                        <used_memory>1021 MiB</used_memory>
                    </process_info>
                </processes>
            </gpu>
            <gpu id="00000000:AF:00.0">
                <product_name>Tesla P100-PCIE-16GB</product_name>
                <uuid>GPU-66666666-2222-3333-4444-555555555555</uuid>
                <fb_memory_usage><total>16280 MiB</total><used>0 MiB</used><free>16280 MiB</free></fb_memory_usage>
                <ecc_errors>
                    <volatile>
                        <single_bit><device_memory>4</device_memory><total>5</total></single_bit>
                        <double_bit><device_memory>N/A</device_memory><total>0</total></double_bit>
                    </volatile>
                </ecc_errors>
                <processes>
                </processes>
            </gpu>
        </nvidia_smi_log>
        """;

    /// <summary>Format 12, driver 535: a card split by MIG.</summary>
    public const string Driver535Mig = """
        <?xml version="1.0" ?>
        <!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
        <nvidia_smi_log>
            <driver_version>535.161.08</driver_version>
            <cuda_version>12.2</cuda_version>
            <gpu id="00000000:01:00.0">
                <product_name>NVIDIA A100-SXM4-80GB</product_name>
                <product_architecture>Ampere</product_architecture>
                <mig_mode><current_mig>Enabled</current_mig><pending_mig>Enabled</pending_mig></mig_mode>
                <mig_devices>
                    <mig_device>
                        <index>0</index>
                        <gpu_instance_id>3</gpu_instance_id>
                        <compute_instance_id>0</compute_instance_id>
                        <device_attributes><shared><multiprocessor_count>14</multiprocessor_count></shared></device_attributes>
                        <fb_memory_usage><total>19968 MiB</total><reserved>0 MiB</reserved><used>512 MiB</used><free>19455 MiB</free></fb_memory_usage>
                    </mig_device>
                    <mig_device>
                        <index>4</index>
                        <gpu_instance_id>11</gpu_instance_id>
                        <compute_instance_id>1</compute_instance_id>
                        <fb_memory_usage><total>9728 MiB</total><reserved>0 MiB</reserved><used>Insufficient Permissions</used></fb_memory_usage>
                    </mig_device>
                </mig_devices>
                <uuid>GPU-aaaaaaaa-2222-3333-4444-555555555555</uuid>
                <gpu_reset_status>
                    <reset_required>No</reset_required>
                    <drain_and_reset_recommended>Yes</drain_and_reset_recommended>
                </gpu_reset_status>
                <clocks_event_reasons>
                    <clocks_event_reason_hw_slowdown>Active</clocks_event_reason_hw_slowdown>
                    <clocks_event_reason_hw_thermal_slowdown>Active</clocks_event_reason_hw_thermal_slowdown>
                    <clocks_event_reason_something_new>Active</clocks_event_reason_something_new>
                </clocks_event_reasons>
                <fb_memory_usage><total>81920 MiB</total><reserved>869 MiB</reserved><used>562 MiB</used><free>80488 MiB</free></fb_memory_usage>
                <utilization>
                    <gpu_util>N/A</gpu_util>
                    <memory_util>N/A</memory_util>
                    <encoder_util>N/A</encoder_util>
                    <decoder_util>N/A</decoder_util>
                </utilization>
                <gpu_power_readings><power_draw>67.03 W</power_draw><current_power_limit>500.00 W</current_power_limit></gpu_power_readings>
                <module_power_readings><power_draw>N/A</power_draw></module_power_readings>
                <processes>
                    <process_info>
                        <gpu_instance_id>3</gpu_instance_id>
                        <compute_instance_id>0</compute_instance_id>
                        <pid>3001</pid>
                        <type>C</type>
                        <process_name>python</process_name>
                        <used_memory>500 MiB</used_memory>
                    </process_info>
                </processes>
            </gpu>
        </nvidia_smi_log>
        """;

    /// <summary>Format 12, driver 580: all there is, and processes of every kind.</summary>
    public const string Driver580 = """
        <?xml version="1.0" ?>
        <!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
        <nvidia_smi_log>
            <driver_version>580.95.05</driver_version>
            <cuda_version>13.0</cuda_version>
            <gpu id="00000000:19:00.0">
                <product_name>NVIDIA H100 80GB HBM3</product_name>
                <product_architecture>Hopper</product_architecture>
                <mig_mode><current_mig>Disabled</current_mig><pending_mig>Disabled</pending_mig></mig_mode>
                <mig_devices>None</mig_devices>
                <uuid>GPU-bbbbbbbb-2222-3333-4444-555555555555</uuid>
                <gpu_recovery_action>Drain and Reset</gpu_recovery_action>
                <fan_speed>[Not Supported]</fan_speed>
                <performance_state>P0</performance_state>
                <fb_memory_usage><total>81559 MiB</total><reserved>551 MiB</reserved><used>65720 MiB</used><free>15289 MiB</free></fb_memory_usage>
                <utilization><gpu_util>97 %</gpu_util><memory_util>Unknown Error</memory_util></utilization>
                <ecc_errors>
                    <volatile>
                        <sram_correctable>1</sram_correctable>
                        <sram_uncorrectable_parity>2</sram_uncorrectable_parity>
                        <sram_uncorrectable_secded>3</sram_uncorrectable_secded>
                        <dram_correctable>4</dram_correctable>
                        <dram_uncorrectable>5</dram_uncorrectable>
                    </volatile>
                    <aggregate>
                        <sram_correctable>N/A</sram_correctable>
                        <dram_correctable>N/A</dram_correctable>
                        <dram_uncorrectable>Unknown Error</dram_uncorrectable>
                        <sram_threshold_exceeded>No</sram_threshold_exceeded>
                    </aggregate>
                </ecc_errors>
                <remapped_rows>
                    <remapped_row_corr>1</remapped_row_corr>
                    <remapped_row_unc>2</remapped_row_unc>
                    <remapped_row_pending>Yes</remapped_row_pending>
                    <remapped_row_failure>No</remapped_row_failure>
                </remapped_rows>
                <temperature><gpu_temp>63 C</gpu_temp><gpu_temp_tlimit>-3 C</gpu_temp_tlimit><memory_temp>80 C</memory_temp></temperature>
                <gpu_power_readings>
                    <power_state>Requested functionality has been deprecated</power_state>
                    <average_power_draw>612.34 W</average_power_draw>
                    <instant_power_draw>650.00 W</instant_power_draw>
                    <current_power_limit>700.00 W</current_power_limit>
                </gpu_power_readings>
                <module_power_readings><average_power_draw>900.00 W</average_power_draw></module_power_readings>
                <clocks><sm_clock>1980 MHz</sm_clock><mem_clock>2619 MHz</mem_clock></clocks>
                <processes>
                    <process_info><pid>101</pid><type>C</type><process_name>VLLM::EngineCore</process_name><used_memory>65000 MiB</used_memory></process_info>
                    <process_info><pid>102</pid><type>M+C</type><process_name>/usr/bin/python3 -m serve /a/b</process_name><used_memory>N/A</used_memory></process_info>
                    <process_info><pid>103</pid><type>C</type><process_name>[Not Found]</process_name><used_memory>100 MiB</used_memory></process_info>
                    <process_info><pid>103</pid><type>G</type><process_name>blender</process_name><used_memory>100 MiB</used_memory></process_info>
                    <process_info><pid>104</pid><type>C+G</type><process_name>x &amp; y</process_name><used_memory>20 MiB</used_memory></process_info>
                    <process_info><pid>N/A</pid><type>C</type><used_memory>1 MiB</used_memory></process_info>
                </processes>
            </gpu>
        </nvidia_smi_log>
        """;

    /// <summary>One card fell off the bus, one does not tell its memory, one is well.</summary>
    public const string Broken = """
        <?xml version="1.0" ?>
        <nvidia_smi_log>
            <driver_version>580.95.05</driver_version>
            <cuda_version>N/A</cuda_version>
            <gpu id="00000000:19:00.0">
                <product_name>GPU is lost</product_name>
                <uuid>[GPU is lost]</uuid>
                <fb_memory_usage><total>GPU is lost</total><used>GPU is lost</used></fb_memory_usage>
            </gpu>
            <gpu id="00000000:3B:00.0">
                <product_name>NVIDIA H100 80GB HBM3</product_name>
                <uuid>GPU-cccccccc-2222-3333-4444-555555555555</uuid>
                <fb_memory_usage><total>Unknown Error</total><used>Unknown Error</used></fb_memory_usage>
            </gpu>
            <gpu id="00000000:4C:00.0">
                <product_name>NVIDIA H100 80GB HBM3</product_name>
                <uuid>GPU-dddddddd-2222-3333-4444-555555555555</uuid>
                <fb_memory_usage><total>100 MiB</total><used>10 MiB</used></fb_memory_usage>
                <processes>Insufficient Permissions</processes>
            </gpu>
        </nvidia_smi_log>
        """;
}
